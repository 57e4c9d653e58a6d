import { demoId, demoUserId } from '@ashlar/kit/demo'
import type { Deps } from '@ashlar/kit/deps'
import { CHANGELOG } from './demo/changelog.js'
import type { DemoPost } from './demo/demo-post.js'
import { KITCHEN } from './demo/kitchen.js'
import { PAGES } from './demo/pages.js'
import { VILLAGE } from './demo/village.js'
import { WORKSHOP } from './demo/workshop.js'
import { tellChange } from './events.js'
import type { WholePost } from './models.js'
import { ADD_DEMO_POST } from './sql/demo.js'
import { writeText } from './texts.js'

/** What the people of a village workshop have written in a year. */
const DEMO_POSTS: readonly DemoPost[] = [...PAGES, ...CHANGELOG, ...WORKSHOP, ...KITCHEN, ...VILLAGE]

/** Adds the posts of DEMO=1 that are not there; the same each time, and what somebody has changed since stays changed. */
export async function fillDemo(deps: Pick<Deps, 'db' | 'events'>): Promise<void> {
  for (const post of DEMO_POSTS) await addDemoPost(deps, post)
}

async function addDemoPost({ db, events }: Pick<Deps, 'db' | 'events'>, post: DemoPost): Promise<void> {
  const at = new Date(post.at)
  const { content, html, opening, readingMinutes } = await writeText(post.content)
  const values = [
    demoId(`post ${post.slug}`, at),
    demoUserId(post.by),
    post.kind ?? 'post',
    post.slug,
    post.title,
    content,
    html,
    opening,
    readingMinutes,
    post.excerpt ?? null,
    post.seoDescription ?? null,
    JSON.stringify(post.metadata ?? {}),
    at,
    post.draft !== true,
    demoId(`revision of ${post.slug}`, at),
  ]
  await db.sqlTransaction(async (sql) => {
    const [added] = await sql.query<WholePost>(ADD_DEMO_POST, values)
    if (added) await tellChange(events, sql, null, added)
  })
}
