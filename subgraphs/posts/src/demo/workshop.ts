import type { DemoPost } from './demo-post.js'

/** Wood, clay, iron and wheels. */
export const WORKSHOP: readonly DemoPost[] = [
  {
    slug: 'a-bench-that-stays-where-it-is',
    title: 'A bench that stays where it is',
    by: 'oskar',
    at: '2026-03-16T17:20:00Z',
    metadata: { series: 'benches', part: 1, hours: 31 },
    content: `For two years I planed boards on a table that walked. Every stroke moved it by a finger's width, and every evening I pushed it back to
the wall. This winter I built a bench that weighs more than I do, and I want to write down why it works before I forget that it ever didn't.

## Weight is not the point

The old table was heavy too. What it lacked was *stiffness*: the legs were bolted to the apron, the bolts sat in softwood, and softwood
gives. A bench that racks by two millimetres takes those two millimetres out of every stroke.

So the new one has four things that the old one had not:

1. Legs in the same plane as the edge of the top, so that a board can be clamped along all of it.
2. Stretchers low down, with a wedged through-tenon at each corner. No glue, no bolts; a mallet tightens it in spring and autumn.
3. A top of three beech beams instead of one slab. Slabs are for photographs.
4. No drawer. A drawer is where flatness goes to die.

## The numbers

| part | wood | finished size (mm) |
|---|---|---|
| top, three beams | beech | 2,100 × 180 × 95 |
| legs | larch | 780 × 120 × 95 |
| long stretchers | larch | 1,640 × 120 × 45 |
| short stretchers | larch | 520 × 120 × 45 |

The beech came out of the old chapel's gallery and was older than the workshop's roof. It moved for three weeks after I cut it and has not
moved since.

## What I would do differently

I bored the holes for the holdfasts before I knew where I'd want them. Now I know, and two of them are in the wrong place. Wait a month.
The bench will tell you.
`,
  },
  {
    slug: 'celadon-third-attempt',
    title: 'Celadon, third attempt',
    by: 'aiko',
    at: '2026-04-07T15:05:00Z',
    metadata: { cone: 9, atmosphere: 'reduction' },
    content: `The first firing was olive. The second was grey, with a surface like the skin of an orange. The third is the green that I remember from
the bowl on my grandmother's shelf, and I am almost afraid to fire a fourth.

A celadon is a simple glaze with a single secret, which is *how little iron*. One part in a hundred gives you the colour of shallow water.
Two give you a pond. The rest is patience: the kiln has to be starved of air while the glaze melts, so that the iron gives up its oxygen to
the flame, and then it has to be given air again before it cools, but not too soon.

## What went in

| | parts |
|---|---:|
| potash feldspar | 42 |
| silica | 27 |
| whiting | 18 |
| kaolin | 12 |
| red iron oxide | 1.1 |

Sieved twice, and left to stand overnight. I brushed it on three times, the foot left bare.

## What the kiln did

- up to 900 °C in six hours, with the damper open
- reduction from 900 °C on, damper half closed, a flame as long as my hand at the spy hole
- 1,270 °C at two in the morning; cone nine down, tip touching
- twenty minutes of air, then shut, and to bed

> A potter who opens the door early has two kilns: one full of pots, and one full of regret.

I opened it at 88 degrees. Rule three says 90, but rule three also says that it should be me who decides.
`,
  },
  {
    slug: 'the-wheel-that-came-back',
    title: 'The wheel that came back',
    by: 'kofi',
    at: '2026-04-22T18:30:00Z',
    metadata: { category: 'bicycles', minutes: 90 },
    content: `She brought the bicycle on a Wednesday, five minutes before I close. *It only makes a noise*, she said. It made the noise of a coffee mill.

The rear hub had run dry some time around the turn of the century. The cones were pitted, two balls were gone altogether, and the axle
looked as if somebody had chewed it. A new wheel costs forty. But on the rim, under the dirt, I could read the name of a maker who has been
dead since before I was born, and the spokes were tied and soldered at the crossings, which nobody does for money.

So we kept it. This is what it took:

- an axle from the box of axles, cut to length
- new cones, turned down by half a millimetre, because nothing fits that was made before the standards
- eighteen balls, quarter inch, grade 25
- two spokes, and an evening with the key

## Truing, for those who have been afraid of it

Forget the stand at first. Pluck the spokes like a harp and *listen*: on one side they should all sound alike. One that is flat is loose,
one that is sharp is doing another's work. Bring the sounds together before you look at the rim at all. Nine times out of ten it runs true
by then, or nearly.

Only then go to the stand. Quarter turns, never more, and always two spokes that work against each other.

She came back the next Wednesday, again at five to seven. *It makes no noise at all*, she said, a little reproachfully. I think she will
come to the course.
`,
  },
  {
    slug: 'sharp-enough',
    title: 'Sharp enough',
    by: 'tomas',
    at: '2026-05-19T07:45:00Z',
    excerpt: 'Three stones, ten minutes, and a test that needs no hair from your arm.',
    content: `There are people who can talk about sharpening for a whole evening. I have been one of them. Here is what is left once you take away the
microscope.

**An edge is where two flat surfaces meet.** All sharpening is making two surfaces flat, and all bad sharpening is making them round. So the
only thing that matters is that your hands don't rock.

## Ten minutes

1. *The back, once in a chisel's life.* Flatten the first two centimetres on the 1000 stone until they look grey all over. Never do it again.
2. *The bevel.* Lock your wrists, lean on the blade, and walk. Move from the ankles. Ten strokes on the 1000, until you feel a burr with
   your thumb along the whole width.
3. *Finer.* Ten strokes on the 4000, ten on the 8000. The burr gets thinner and doesn't go away.
4. *Off with it.* Two strokes on the back, flat. One on leather.

## The test

Don't shave your arm; it proves nothing, and you look like somebody with a disease. Take a piece of pine and cut *across* the end grain. A
dull edge crushes the soft rings and leaves them white. A sharp one leaves them shining, and you can see every year.

## Which stones?

| | for | if you buy just one |
|---|---|---|
| 1000 | shaping | this one |
| 4000 | nearly everything | |
| 8000 | the pleasure of it | |

You will have noticed that I did not mention jigs. They work. Use one until you are bored of it; that is about when you stop needing it.
`,
  },
  {
    slug: 'soldering-for-people-who-shake',
    title: 'Soldering for people who shake',
    by: 'leon',
    at: '2026-06-13T13:00:00Z',
    content: `My hands have never been steady, and for a long time I took that for the reason why my joints looked like chewing gum. It isn't. It took
me embarrassingly long to find out that solder does not care about your hands. It cares about heat.

## The whole theory

Solder flows to where it is *hot and clean*. If you melt it on the iron and try to paint it on, it lands on something cold and sits there,
sulking. If you heat the joint, and touch the solder to the joint, it runs in by itself and looks as if a machine had done it.

So:

- Tin the tip. A black tip carries no heat.
- Touch pad and wire together, and count: one, two.
- Feed the solder from the other side. It melts because the *joint* is hot.
- Take away the solder, then the iron. Then nothing, for one breath.

That breath is where shaking hands matter, so rest them on something. I use a lump of clay that Aiko gave me.

## A thing to try it on

A torch with one LED, one resistor and a coin cell. The resistor wants a little arithmetic:

~~~text
R = (U_battery - U_led) / I
  = (3.0 V - 2.0 V) / 0.02 A
  = 50 ohm        (take the next larger one: 56)
~~~

On Saturday eleven people built one. Nine worked at once. The tenth had its LED the wrong way round. The eleventh was mine.
`,
  },
  {
    slug: 'why-old-hinges-are-better',
    title: 'Why old hinges are better (they are not)',
    by: 'tomas',
    at: '2026-08-24T16:10:00Z',
    content: `We took forty-one hinges out of the chapel before the roof came off, and I spent the hot part of August cleaning them. Everyone who came
past the bench said the same sentence: *they don't make them like that any more.*

They don't. I have a heap here to prove why. Of forty-one:

- nineteen were worn so far that the pin had become an egg
- eight had been repaired with whatever was in the repairer's pocket, once with a tooth of a rake
- six were cracked at the knuckle, all in the same place, all from the same maker
- five were fine
- three were *magnificent*

We look at the three and say that people used to build for eternity. Nobody shows you the thirty-three, because they have been scrap iron
for a hundred years. What survives is not what was typical. It is what survived.

## What makes the three good

The knuckles are wrapped, not cast. The smith left the leaf thick where it bends and thin where it doesn't, so that it could be fitted with
a file instead of a chisel. And somebody had greased them, regularly, for longer than anyone can remember. ~~Good steel.~~ Ordinary iron; I
had it tested.

That last point is the one I'd keep. The best hinge in the county was a middling hinge that had a sexton.
`,
  },
]
