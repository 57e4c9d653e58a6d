import type { DemoPost } from './demo-post.js'

/** Bread, Thursdays and the garden. */
export const KITCHEN: readonly DemoPost[] = [
  {
    slug: 'the-oven-of-the-village',
    title: 'The oven of the village',
    by: 'mara',
    at: '2026-03-28T08:00:00Z',
    metadata: { series: 'oven', part: 1 },
    excerpt:
      'It took nine Saturdays, four tons of clay and one argument to build the oven. It takes six hours to heat and has not been cold since.',
    content: `There is a stone in the wall of the chapel with a loaf on it, worn so flat that you see it only in the evening, when the light comes from
the side. Nadia found out what it means: until 1911 the village had one oven, and it stood on our ground. On Fridays it was heated with
whatever the week had left over, and everyone baked in it by turns, in an order that was drawn by lot so that nobody always got the first
heat or the last.

We have built it again. Not the same one, of course; nobody knows what it looked like. But one that twenty people can bake in, on a Friday,
by lot.

## How it is made

A dome of clay, a hand thick, over a form of wet sand. Around it, half a metre of clay with straw, which keeps the heat. The floor is of
fire bricks laid in sand without mortar, so that a broken one can be lifted out with two spatulas. The door is a slab of oak, soaked in the
hole overnight. It lasts about a year.

## A Friday

| | the oven | what goes in |
|---|---|---|
| 9:00 | the fire is lit | |
| 15:00 | white inside, fire drawn | flatbread, ninety seconds |
| 15:30 | 320 °C | pizza, and the children |
| 16:30 | 250 °C | bread: forty loaves in two loads |
| 18:30 | 190 °C | cakes, gratins, somebody's goose |
| 21:00 | 120 °C | beans, until morning |
| Saturday | 60 °C | herbs, apples, wet gloves |

Nobody planned the last lines. They came by themselves, since it would be a shame to waste it.

> First heat goes to whoever drew the one. Whoever drew the twenty gets the beans, and has the better of it.
`,
  },
  {
    slug: 'forty-loaves-one-recipe',
    title: 'Forty loaves, one recipe',
    by: 'ines',
    at: '2026-04-13T06:30:00Z',
    metadata: { series: 'oven', part: 2, makes: 40 },
    content: `Since we began to bake on Fridays I have been asked for the recipe about once a day, and I have given a slightly different answer each
time. This is the true one. It is for forty loaves; divide as you please, but don't divide the time.

## The evening before

Feed the sourdough: 2 kg of rye flour, 2 litres of water as warm as your hand, and all that's in the jar but a spoonful, which goes back.
Cover it, and leave it where the cat sleeps.

## In the morning

- 4 kg of the sourdough
- 14 kg of wheat flour, half of it wholemeal
- 9 litres of water
- 360 g of salt, *after* the first half hour

Mix only until no flour is dry. Then four times, at intervals of half an hour, reach under the dough, pull it up as high as it will go, and
fold it over itself. The first time it tears. The fourth time it comes up in one sheet, and you will make the small noise that everybody makes.

## How to tell that it is ready

Not by the clock. Poke it with a wet finger:

- the dent springs back at once: it needs longer
- it comes back slowly, and not all the way: bake it **now**
- it stays: bake it now as well, and call it flatbread

A loaf is done when it sounds hollow underneath, like a door with nobody behind it. Let it cool for as long as you can bear. On our Fridays
the record is eleven minutes.
`,
  },
  {
    slug: 'what-the-rabbits-taught-us',
    title: 'What the rabbits taught us',
    by: 'greta',
    at: '2026-05-30T09:40:00Z',
    content: `The garden behind the workshop is forty paces long and twelve wide. In its first year it fed about two hundred rabbits.

In the second year we built a fence, and they went under it. In the third we dug the wire in to the depth of a spade, and they went *over*
it, by way of the compost heap, which I had put against the fence because that was the place where it was out of the way. I have seen one do
it. It paused on top to look round, like somebody on a balcony.

So this year we stopped fighting and asked ourselves what it is that they don't eat.

## Things rabbits leave alone, tested

| | left alone? |
|---|---|
| onions, garlic, leeks | always |
| potatoes | the leaves, yes |
| tomatoes, squash, courgettes | once they are as tall as a hand |
| rhubarb | always, and rightly |
| sage, thyme, lavender | always |
| lettuce | ha |

The beds along the fence now hold what they despise, three rows deep. Behind that come the things that they would like. A rabbit could
walk through the onions, nothing stops it. It doesn't seem to occur to them.

## And the compost?

It stands in the middle now, where everybody trips over it, and is turned twice as often for that reason. We have more compost than we have
ever had. I should like to say that this was the plan.
`,
  },
  {
    slug: 'thursday-for-thirty',
    title: 'Thursday for thirty, from what there is',
    by: 'jules',
    at: '2026-06-25T10:00:00Z',
    content: `On Thursdays I cook without knowing for how many. It can be twelve, or thirty-four. I was asked how that works, and the honest answer is
that there is no recipe; there is a shape.

**Something that stretches.** Lentils, rice, potatoes, polenta. Cook twice as much as you think. What is left becomes Friday's first heat.

**Something that was somebody's surplus.** In June it's courgettes. In September it's courgettes. You learn four things to do with them: raw
in ribbons with lemon, fried in slices with mint, stewed till they fall apart, and grated into anything at all.

**Something sharp.** Pickled onions take ten minutes: slice them, pour boiling vinegar with sugar and salt over them, wait. They make
the plainest plate look as if somebody had thought about it.

**Something that crunches.** Yesterday's bread, torn, oil, oven.

## For the record, last week

1. red lentils with cumin and a bucket of spinach
2. courgettes, stewed with garlic, more than one would believe
3. pickled onions
4. bread from Friday, as croutons
5. rhubarb, because rabbits don't eat it

It cost 1.40 a head. The hat held two hundred and six, a button, and a note saying *the onions!*

> If there isn't enough, cut it smaller. If there still isn't enough, sing.
`,
  },
  {
    slug: '登り窯の朝',
    title: '登り窯の朝',
    by: 'aiko',
    at: '2026-07-18T22:30:00Z',
    metadata: { language: 'ja' },
    content: `先月、故郷の町に帰って、祖父の登り窯の最後の火入れを手伝いました。窯は山の斜面に沿って五つの部屋が並んでいて、一番下で焚いた火が、ゆっくりと上の部屋へ登っていきます。

三日三晩、誰かが必ず火のそばにいます。夜中の三時、松の薪を投げ入れると、炎が一瞬黒くなり、それから青くなります。祖父は温度計を見ません。音を聞いているのだと言います。

## 覚えておきたいこと

- 薪は前の年の冬に割ったもの。今年の薪は湿っていて、煙ばかり出る。
- 一番いい場所は三番目の部屋の、左の奥。
- 焦らないこと。窯は待ってくれる。

> 火は急がない。急ぐのは人だ。

窯を開けたのは五日目の朝でした。霧がまだ谷に残っていて、茶碗はまだ温かかった。一つだけ、ここへ持って帰りました。木曜日に見せます。
`,
  },
  {
    slug: 'vom-warten-auf-den-teig',
    title: 'Vom Warten auf den Teig',
    by: 'nadia',
    at: '2026-08-06T05:50:00Z',
    metadata: { language: 'de' },
    content: `Am meisten habe ich in diesem Sommer vom Teig gelernt, und zwar das Warten. Ich war immer eine, die nachschaut. Ich hebe Deckel, ich
öffne Öfen, ich frage nach einer Stunde, ob die Post schon da war.

Ein Sauerteig lässt sich nicht fragen. Er ist fertig, wenn er fertig ist, und das hängt vom Wetter ab, vom Mehl, von der Schüssel und, wie
Ines behauptet, von der Laune im Haus. Man kann ihn wärmer stellen, dann geht es schneller und schmeckt nach weniger. Das ist eigentlich
schon die ganze Lehre.

## Was ich in der Zwischenzeit gemacht habe

- den Schuppen gestrichen, zweimal, weil es beim ersten Mal regnete
- das Kirchenbuch von 1908 bis 1911 abgeschrieben
- die Reihenfolge ausgelost, in der gebacken wird, und selbst die Zwanzig gezogen

Über das Kirchenbuch schreibe ich noch. Es steht darin, wer wann backen durfte, und am Rand in einer anderen Schrift, wer sich darüber
beschwert hat. Es waren immer dieselben drei.

> Gut Ding will Weile haben, und eine Decke.

Die Bohnen über Nacht waren übrigens das Beste, was ich in diesem Jahr gegessen habe.
`,
  },
  {
    slug: 'the-last-tomatoes',
    title: 'The last tomatoes',
    by: 'greta',
    at: '2026-10-21T15:15:00Z',
    content: `Frost is forecast for Friday, so yesterday eight of us picked whatever was on the plants, red or not. It came to ninety-four kilos. The
kitchen table can't be seen.

If you have the same on yours, here is what we do, in the order of ripeness.

## Red, and soft

Sauce, at once. Cut them in half, roast them with salt until the edges go dark, pass them through the mill. Don't cook it any longer than
that: what people call depth is mostly burnt sugar. We filled fifty-one jars and boiled them for forty minutes, with a cloth underneath so
that they don't dance.

## Red, and firm

To the loft, in one layer, on newspaper, not touching. They last until the middle of December and taste of tomato until the middle of
November.

## Yellow

On the window sill, with an apple among them. It isn't superstition: a ripe apple gives off ethylene, and that's the signal tomatoes wait
for.

## Green

| | what becomes of them |
|---|---|
| the large ones | sliced, in polenta, fried |
| the small ones | pickled like gherkins, with dill |
| the very small ones | Jules says chutney; we shall see |

The plants went on the compost heap. The rabbits came to look, and left again.
`,
  },
]
