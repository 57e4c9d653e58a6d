import type { ServiceDatabase } from '@ashlar/database/service-database'
import { demoId, demoUserId } from '@ashlar/kit/demo'
import { CHANGELOG } from './demo/changelog.js'
import type { DemoPost } from './demo/demo-post.js'
import { KITCHEN } from './demo/kitchen.js'
import { PAGES } from './demo/pages.js'
import { VILLAGE } from './demo/village.js'
import { WORKSHOP } from './demo/workshop.js'
import { ADD_DEMO_POST } from './sql/demo.js'
import { writeText } from './texts.js'

/** What the people of a village workshop have written in a year. */
const DEMO_POSTS: readonly DemoPost[] = [...PAGES, ...CHANGELOG, ...WORKSHOP, ...KITCHEN, ...VILLAGE]

/** Adds the posts of DEMO=1 that are not there; the same each time, and what somebody has changed since stays changed. */
export async function fillDemo(db: ServiceDatabase): Promise<void> {
  for (const post of DEMO_POSTS) await addDemoPost(db, post)
}

async function addDemoPost(db: ServiceDatabase, post: DemoPost): Promise<void> {
  const at = new Date(post.at)
  const { content, html, opening, readingMinutes } = await writeText(post.content)
  await db.query(ADD_DEMO_POST, [
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
  ])
}
