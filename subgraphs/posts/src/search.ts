/** Chinese and Japanese set no blanks between words: each of their characters is a word of the index (posts.spaced). */
const UNSPACED = /[\u2E80-\u2FFF\u3040-\u9FFF\uF900-\uFAFF\u{20000}-\u{3FFFF}]+/gu
/** What is a blank in the index (posts.searchable), but for the hyphen, which may exclude what is behind it. */
const SIGNS = /[\s\u0020-\u002C\u002E\u002F\u003A-\u0040\u005B-\u0060\u007B-\u00BF\u2000-\u206F\u3000-\u303F]+/gu
const HYPHEN_IN_WORDS = /(?<=\S)-|-(?=[-\s])/g

/** A search as websearch_to_tsquery takes it: a run of unspaced characters is a phrase, as if it stood in quotes. */
export const searchQuery = (search: string): string =>
  search
    .normalize('NFKC')
    .split('"')
    .map((part, index) => {
      const words = part.replace(SIGNS, ' ').replace(HYPHEN_IN_WORDS, ' ')
      return index % 2 === 0 ? words.replace(UNSPACED, '"$&"') : words
    })
    .join('"')

/** The query as SQL, of the parameter at this place. */
export const queryAt = (parameter: string): string => `websearch_to_tsquery('pg_catalog.simple', spaced(${parameter}))`

/** How well a post fits: a match in the title counts more than several in the content, one in a short text more than one in a long. */
export const rankBy = (query: string): string => `ts_rank(post.search, ${query}, 1)::float8`
