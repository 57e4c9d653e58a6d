import type { DemoPost } from './demo-post.js'

/** What a site has beside its posts. */
export const PAGES: readonly DemoPost[] = [
  {
    slug: 'about',
    title: 'About the Old Quarry Workshop',
    by: 'mara',
    at: '2026-03-02T09:15:00Z',
    kind: 'page',
    excerpt: 'A workshop, a kitchen, a garden and forty keys: who we are and how to find us.',
    seoDescription:
      'The Old Quarry Workshop is a shared workshop, kitchen and garden at the edge of the village, open to anyone who cleans up.',
    metadata: { menu: { position: 1, label: 'About' }, layout: 'wide' },
    content: `The quarry closed in 1974. What it left behind was a hole full of rain, a row of sheds, and one long building with good light, in which
masons used to square stones for half the churches of the county. For thirty years nobody wanted it. Then six of us wanted it at once.

Today the long building is a **shared workshop**. There is a wood shop at the north end, a kiln and two wheels in the middle, bicycles by
the door, and a kitchen that has slowly become the reason why most people come. Behind it lies a garden that the rabbits know better than
we do.

## What you can do here

- Use the tools. Somebody shows you each machine once; after that it is yours whenever the lights are on.
- Learn something. There is a course nearly every Saturday, from sharpening chisels to soldering.
- Eat with us. Thursday at seven, for whatever the hat by the door feels like.
- Write about it. This site is written by the people who have keys, and it shows.

## What it costs

| | a month | what you get |
|---|---:|---|
| Visitor | nothing | courses, Thursdays, one afternoon a week |
| Key | 18 | every day from seven to ten, a shelf |
| Key and bench | 35 | the same, and a bench that nobody tidies |

If that is too much, say so to any of us and pay what is not. We have never asked a second question.

## Where it is

Take the 14 to *Quarry Lane*, walk past the chapel, and follow the smell of either sawdust or bread. There is a ramp on the garden side.
The rain-filled hole is deeper than it looks; please admire it from behind the fence.
`,
  },
  {
    slug: 'house-rules',
    title: 'House rules',
    by: 'oskar',
    at: '2026-03-09T18:40:00Z',
    kind: 'page',
    metadata: { menu: { position: 2, label: 'Rules' } },
    content: `We tried to get by with one rule, *leave it better than you found it*. It turns out that people differ about what is better. So here are
nine, each of which has a story that somebody will tell you if you ask.

1. **Nobody works alone with a machine that can take a finger.** If you are the last one in the wood shop, you are done for today.
2. Ear protection hangs on the wall because it is meant to be on your ears.
3. The kiln's door stays shut until the display says 90. Not 120. Not "it looks fine".
4. Label what you leave: name, date, what it wants to become. After four weeks without a label it becomes firewood.
5. The sourdough in the fridge door belongs to everybody and has to be fed by somebody. The list is on the fridge.
6. Sharp things go back sharp. If you don't know how to sharpen it, put it in the red box and nobody will be cross.
7. Children are welcome wherever their grown-up is looking.
8. What breaks is written in the book, with a date. We repair things for a living, more or less; we only mind surprises.
9. The last one out turns off the compressor. It has a light of its own now, because rule nine was the one that didn't work.

> A rule is a letter to somebody who was not there when it happened.
>
> — the first page of the accident book

To change one, bring it up on the first Thursday of the month. Rule five was changed twice and is better for it.
`,
  },
  {
    slug: 'contact',
    title: 'Write to us, or just come by',
    by: 'ines',
    at: '2026-03-14T11:05:00Z',
    kind: 'page',
    metadata: { menu: { position: 3, label: 'Contact' } },
    content: `The surest way to reach us is to stand in the door on a Thursday and look lost. Somebody will hand you a spoon.

If you can't, here is who looks after what:

| | who | when |
|---|---|---|
| Keys, money, complaints | Mara | Tuesday evenings |
| Courses and school classes | Nadia | any weekday |
| Kiln, clay and glazes | Aiko | weekends |
| Wood shop and machines | Oskar | when the lights are on |
| Bicycles | Kofi | Wednesdays from five |
| This site | Priya | after the children sleep |

Please don't leave furniture in front of the gate. We know that you mean well, and that it was your grandmother's. Ask first: there is a
good chance that someone here has been looking for exactly that sideboard, and a better one that we have three.

For journalists: yes, you may take pictures, except of people who shake their head. The lake is called *the hole*. Nobody has ever seen a
pike in it, whatever Leon says.
`,
  },
]
