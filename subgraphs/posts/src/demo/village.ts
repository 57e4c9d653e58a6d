import type { DemoPost } from './demo-post.js'

/** Everything else that happened. */
export const VILLAGE: readonly DemoPost[] = [
  {
    slug: 'how-we-bought-a-quarry',
    title: 'How we bought a quarry by mistake',
    by: 'mara',
    at: '2026-03-05T20:00:00Z',
    content: `We wanted a shed. It is important to me that this be written down somewhere, because the story has been improved so often that even I
sometimes believe the version with the map.

In 2017 there were six of us, and we had a lathe, a loom, two potter's wheels and no roof. The parish owned the sheds at the quarry. We
wrote that we should like to rent *the long one*. The parish wrote back that it did not rent, it sold, and that a sale had to be by lot
number. The number on the gate was 14. We offered what we had, which was not much, for lot 14.

Lot 14 was the sheds, the long building, the lane up to the chapel, the slope, the trees and the hole.

## What one does with a hole

For a year, nothing. We put a fence round it, since that was the law. Then it became clear that the hole was the best thing about the place:

- It holds eleven thousand cubic metres of rain, which the garden drinks in August.
- Its walls are limestone in even beds, and Oskar has since squared enough blocks from the loose ones to build the steps, the bread oven's
  base and a bench on which nobody can sit for long.
- It echoes. The choir has used it twice.

> When you square a stone so true that it needs no mortar, it's called an ashlar. It is a good word for a wall. It's a better one for a village.

The priest who signed for the parish knew exactly what lot 14 was. He told me so at the first Thursday. *You looked*, he said, *like people
who would find out what to do with it.*
`,
  },
  {
    slug: 'a-map-of-every-tap',
    title: 'A map of every tap',
    by: 'sam',
    at: '2026-04-30T12:25:00Z',
    metadata: { category: 'data', licence: 'CC0-1.0' },
    content: `Last summer it was so dry that people drove to the next village to fetch water for their cattle, past three taps that work. Nobody had
told them, because nobody knew. So this spring a few of us walked every lane with a telephone and a notebook.

We found **thirty-eight** taps, pumps and troughs in public reach. Twenty-six give water. Nineteen give water that you may drink.

The list is a plain file that you can do with as you like:

~~~csv
id,lat,lon,kind,works,drinkable
1,49.81277,9.70412,pump,yes,no
2,49.81301,9.70533,tap,yes,yes
3,49.81518,9.71046,trough,no,
~~~

If you want the taps that work, nearest first, and have a computer that is not afraid of a terminal:

~~~sh
awk -F, '$5 == "yes" { print $2, $3, $4 }' taps.csv | sort
~~~

(That isn't nearest first; it is *southernmost* first. In our village it comes to the same.)

## What we learned

1. A tap without a sign doesn't exist. We made signs. Kofi cut them, Aiko glazed them, and two have been stolen already, which we take as
   praise.
2. The best map was the memory of Mrs Albrecht, who is ninety-one and corrected eleven of our entries from her kitchen.
3. Ask the fire brigade *first*.

Corrections go on the board in the hall, or to me.
`,
  },
  {
    slug: 'film-night-in-the-hole',
    title: 'Film night in the hole',
    by: 'jules',
    at: '2026-07-27T21:55:00Z',
    content: `The quarry wall is white, flat and fourteen metres wide. It took us nine years to notice.

On Saturday we hung a projector in the birch, ran a cable down from the wood shop, and showed a silent film on the rock. A hundred and ten
people came with cushions. Greta and two cousins played along, on an accordion, a saw and whatever they could reach.

I had not expected the bats. They came for the insects, and the insects came for the light, so that during the love scene the whole sky over
the heroine was alive. Nobody minded. When she turned to look up, it seemed as if she saw them too.

## If you want to do the same

- A limestone wall needs no paint. Sandstone does.
- The image is brighter when the wall is *wet*. We found that out in the second act.
- Count the cushions before and after.
- Tell the neighbours, the mayor, and the owl man. In that order.

The next one is on the last Saturday of August. We are looking for a film with a train.
`,
  },
  {
    slug: 'a-backup-is-a-thing-you-have-restored',
    title: 'A backup is a thing that you have restored',
    by: 'priya',
    at: '2026-09-03T20:45:00Z',
    content: `In May a disk died that held nine years of the workshop's photographs. We had a backup. It ran each night at three and sent a cheerful
message. It had been saving an empty folder since the day when somebody tidied up and renamed *photos* to *Photos*.

We were lucky: Leon never deletes anything, and his telephone had nearly all of them. But I have thought about it a lot since, and this is
the rule that I would have carved over the door if Oskar let me:

> A backup is a thing that you have restored. Everything else is a hope.

## What we do now

1. Every night, as before, to a disk in the cellar of the chapel.
2. Every week, a second copy that nothing of ours can overwrite.
3. On the first Thursday of the month, **somebody other than me** takes a sheet of paper and brings back one folder of their choice, from
   nothing, on the old laptop. We write down how long it took.

| | what | minutes | trouble |
|---|---|---:|---|
| June | the accounts | 75 | the password was in the accounts |
| July | courses | 30 | none |
| August | this site | 12 | none, suspiciously |

The check itself is a few lines, and it's the part that had been missing:

~~~sh
count=$(find "$restored" -type f | wc -l)
test "$count" -ge "$expected" || echo "only $count files: look at it NOW"
~~~

August's *none, suspiciously* was checked again in September. It really was fine.
`,
  },
  {
    slug: 'letters-from-1911',
    title: 'Letters from 1911',
    by: 'nadia',
    at: '2026-11-02T18:20:00Z',
    draft: true,
    content: `*Draft. Mara, please check the names before this goes anywhere; two of the families still live in the lane.*

The oven was not torn down because it was old. It was torn down because of a quarrel, and I have found both sides of it.

The church register has the lots of each Friday from 1908 on. In the margin, in a smaller hand, somebody noted every complaint. Most are
about the last heat. Then, in the spring of 1911, there is a week in which one name has drawn the first lot *for the ninth time in a row*.

## What the letters say

- The sexton drew the lots. He was a brother-in-law.
- Two widows asked for a child to draw them instead, as is done elsewhere.
- The parish answered that the sexton had its confidence.
- By June eleven households were baking at home, in stoves bought on credit.

There is no letter about the tearing down. There is a bill for it, dated the 4th of November, for *the removal of a heap of clay which nobody
uses*.

I should like to end with our lots, which are drawn by the youngest person in the room. Is that too neat?
`,
  },
  {
    slug: 'winter-courses',
    title: 'Winter courses: wood, wool and one evening of physics',
    by: 'nadia',
    at: '2026-11-16T09:00:00Z',
    seoDescription: 'All courses of the Old Quarry Workshop from December to February, with dates, prices and what to bring.',
    content: `The days are getting short, the kitchen is warm, and there are eight courses until the end of February. Each one is led by someone who
was a beginner at it not too long ago, which we have found to be the best qualification there is.

| | when | with | places |
|---|---|---|---:|
| Sharpening | Sat 5 Dec | Tomas | 6 |
| A spoon in an evening | Thu 10 Dec | Oskar | 8 |
| Soldering for people who shake | Sat 12 Dec | Leon | 12 |
| Darning, visibly | Sun 10 Jan | Ines | 10 |
| Throwing on the wheel, four evenings | from Mon 11 Jan | Aiko | 4 |
| The bicycle in winter | Wed 20 Jan | Kofi | 8 |
| Why bread rises | Thu 4 Feb | Greta | 30 |
| Grafting apple trees | Sat 27 Feb | Greta | 10 |

## How to get a place

Write your name on the list in the hall. For whoever can't come by, my telephone number is next to the list, which I admit is not helpful.
From Monday on there will be a form here.

## What it costs

What is in brackets on the list pays for the material. The rest goes into the hat. **Nobody has to explain anything:** the hat stands behind
the curtain for a reason.

Bring clothes that may suffer. For the spoon: a plaster.
`,
  },
  {
    slug: 'the-pike',
    title: 'I have seen the pike',
    by: 'leon',
    at: '2026-11-20T07:05:00Z',
    draft: true,
    content: `It was twenty to seven, there was mist on the water, and I had not been drinking.

I would say a metre ten. It stood below the ledge where the choir sings, quite still, with its nose to the wall. I had the telephone with me
and I have a picture. It shows mist.

~~Oskar says that~~ *I leave out what Oskar says.*

To do before I publish this:

- go again tomorrow, earlier
- borrow Sam's camera
- ask Mrs Albrecht, who remembers everything
`,
  },
]
