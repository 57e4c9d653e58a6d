/** Chinese and Japanese set no blanks between words: each of their characters is a word of the index (posts.searchable). */
const UNSPACED = /[\u2E80-\u9FFF\uF900-\uFAFF\u{20000}-\u{3FFFF}]+/gu

/** A search as websearch_to_tsquery takes it: a run of such characters is a phrase, as if it stood in quotes. */
export const searchQuery = (search: string): string =>
  search
    .normalize('NFKC')
    .split('"')
    .map((part, index) => (index % 2 === 0 ? part.replace(UNSPACED, '"$&"') : part))
    .join('"')

/** The query as SQL, of the parameter at this place. */
export const queryAt = (parameter: string): string => `websearch_to_tsquery('pg_catalog.simple', searchable(${parameter}))`

/** How well a post fits: a match in the title counts more than several in the content, one in a short text more than one in a long. */
export const rankBy = (query: string): string => `ts_rank(post.search, ${query}, 1)::float8`
