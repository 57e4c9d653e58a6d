import type { DemoPost } from './demo-post.js'

/** How the site itself changed. */
export const CHANGELOG: readonly DemoPost[] = [
  {
    slug: 'site-0-1',
    title: '0.1: a site instead of a noticeboard',
    by: 'priya',
    at: '2026-03-20T21:30:00Z',
    kind: 'changelog',
    metadata: { version: '0.1.0', changes: { added: 4, fixed: 0 } },
    content: `The noticeboard in the hall has served us for nine years and is photographed every week for those who weren't there. From today its
contents live here as well.

### New

- **Posts** by everyone who has a key. Write a draft, show it to someone with a preview link, publish it when you dare.
- **Pages** for what doesn't change: who we are, the rules, where to find us.
- Every post has an address made of its title. If you rename it, the old address goes on working.
- A search over everything, which already found two recipes that we had given up for lost.

### Known to be missing

There are no comments yet, and no calendar. The board in the hall stays up until there are.
`,
  },
  {
    slug: 'site-0-2',
    title: '0.2: drafts that two people can write',
    by: 'priya',
    at: '2026-05-11T20:10:00Z',
    kind: 'changelog',
    metadata: { version: '0.2.0', changes: { added: 2, changed: 1, fixed: 2 } },
    content: `Greta and Tomas edited the same glaze recipe at the same time, and one of them lost an evening. That can't happen any more.

### Changed

Saving now says which revision you began with. If somebody saved in between, you are shown what stands there now, and nothing is
overwritten:

~~~json
{ "code": "CONFLICT", "current": { "revision": 8, "title": "Celadon, third attempt" } }
~~~

### New

- The history of a post lists every version of its text, and brings any of them back with one click. Bringing one back is a new version
  too, so you can change your mind about changing your mind.
- Posts can be scheduled. The Thursday menu now appears on Wednesday at noon by itself, which is earlier than any of us got up for it.

### Fixed

- A title without a single letter (hello, Leon: \`🐟🐟🐟\`) got an empty address. It gets one now.
- Tables were cut off on narrow telephones. They scroll.
`,
  },
  {
    slug: 'site-0-3',
    title: '0.3: found in translation',
    by: 'sam',
    at: '2026-07-02T19:45:00Z',
    kind: 'changelog',
    metadata: { version: '0.3.0', changes: { added: 1, fixed: 3 } },
    content: `Half of us write in something other than English, at least when we are tired. The search did not know that.

### Fixed

- *café* finds *café*, whichever of the two ways your keyboard has of writing an é.
- Japanese text can be searched by any part of it. Before, it was one endless word, and Aiko's posts could be found by nobody, herself
  included.
- Words are compared without regard to case in every script that has one.

### New

Put words in quotes to find them next to each other, and a minus before those that you don't want: \`"wood glue" -epoxy\`.

### Under the floor

Pages of long lists no longer shift when somebody publishes while you are reading. If you want to know how that works, look for *keyset*;
if you don't, you will simply stop seeing the same post twice.
`,
  },
  {
    slug: 'site-0-4',
    title: '0.4: faster than the kettle',
    by: 'priya',
    at: '2026-09-15T06:50:00Z',
    kind: 'changelog',
    metadata: { version: '0.4.0', changes: { changed: 3 } },
    content: `The front page took three seconds on the telephone in the kitchen, which is the only one that counts. I measured where they went.

| | before | now |
|---|---:|---:|
| turning Markdown into HTML | 1,240 ms | 0 ms |
| asking for each author by itself | 880 ms | 35 ms |
| pictures nobody scrolled to | 710 ms | 0 ms |
| everything else | 190 ms | 170 ms |

The first line is the one that I am proud of. A text changes when somebody writes it, not when somebody reads it; so that is when its HTML
is made now. The second was twenty questions asked one after the other. They are one question now, and the answer is the same.

> Twenty small trips to the shed are not faster because each of them is short.
>
> — Oskar, on hearing this explained

Nothing looks different. Please tell me if something *is*.
`,
  },
  {
    slug: 'site-0-5',
    title: '0.5: what comes next',
    by: 'sam',
    at: '2026-11-08T17:00:00Z',
    kind: 'changelog',
    draft: true,
    metadata: { version: '0.5.0' },
    content: `*Notes for Priya, not to be published as they are.*

- [ ] comments, with the bakers' table as the first who may try them
- [ ] tags, because forty posts are about bread and nobody can find the one about hinges
- [ ] a feed of what other workshops write
- [x] convince Oskar that the board in the hall may come down

Open question: who may close a thread? I'd say whoever may edit the post. Simple to explain, simple to build.
`,
  },
]
