import { describe } from '@jest/globals'
import type { Thing } from '../support/federated.js'
import { answersAsOne } from '../support/federation.js'

const media: Thing[] = [
  { __typename: 'Book', __is: ['Media', 'Named', 'Priced'], id: 'm1', title: 'one', price: 3, pages: 10, score: 1 },
  { __typename: 'Film', __is: ['Media', 'Named'], id: 'm2', title: 'two', price: 4, minutes: 20, score: null },
  { __typename: 'Book', __is: ['Media', 'Named', 'Priced'], id: 'm3', title: null, price: null, pages: null, score: 3 },
]
const [book, film] = media as [Thing, Thing]
for (const each of media)
  Object.assign(each, {
    related: media.filter((other) => other !== each),
    by: { __typename: 'Person', id: `p${each.id}`, name: `N${each.id}` },
  })
const people = media.map(({ by }) => by as Thing)

describe('an interface whose fields are in several services', () => {
  answersAsOne(
    {
      services: {
        a: `type Query { media: [Media] one: Media book: Book }
          interface Media { id: ID! title: String related: [Media!]! }
          type Book implements Media @key(fields: "id") { id: ID! title: String related: [Media!]! pages: Int }
          type Film implements Media @key(fields: "id") { id: ID! title: String related: [Media!]! minutes: Int }`,
        b: `interface Media { id: ID! price: Int by: Person }
          type Book implements Media @key(fields: "id") { id: ID! price: Int by: Person }
          type Film implements Media @key(fields: "id") { id: ID! price: Int by: Person }
          type Person @key(fields: "id") { id: ID! }`,
        c: 'type Person @key(fields: "id") { id: ID! name: String }',
      },
      entities: [...media, ...people],
      resolvers: { Query: { media: () => [...media, null], one: () => film, book: () => book } },
    },
    [
      '{ media { title price } }',
      '{ media { __typename t: __typename id by { name } ... on Book { pages price } ... on Film { price: minutes } } }'.replace(
        'price: minutes',
        'minutes',
      ),
      '{ one { ... on Book { pages } } book { ... on Media { title price ... on Film { minutes } } } }',
      '{ media { ...M related { ...M } } } fragment M on Media { title by { name } ... on Book { related { ... on Film { price by { id } } } } }',
      '{ media { __typename } one { ... on Book { __typename } } }',
    ],
  )
})

describe('an interface that some services do not know, or not as that of the same types', () => {
  answersAsOne(
    {
      services: {
        a: `type Query { media: [Media] named: [Named] }
          interface Media { id: ID! } interface Named { title: String }
          type Book implements Media & Named @key(fields: "id") { id: ID! title: String @shareable }
          type Film implements Media & Named @key(fields: "id") { id: ID! title: String @shareable minutes: Int }`,
        b: `type Query { priced: [Priced] books: [Book] }
          interface Priced { price: Int } interface Named { title: String }
          type Book implements Priced & Named @key(fields: "id") { id: ID! price: Int title: String @shareable pages: Int }
          type Film @key(fields: "id") { id: ID! price: Int }`,
      },
      entities: media,
      resolvers: {
        Query: {
          media: () => media,
          named: () => media,
          priced: () => media.filter(({ __typename }) => __typename === 'Book'),
          books: () => [book, media[2]],
        },
      },
    },
    [
      '{ media { ... on Priced { price } ... on Named { title } } }',
      '{ named { __typename title ... on Media { id } ... on Priced { price } ... on Film { price } } }',
      '{ priced { ... on Media { id } ... on Named { title ... on Book { pages } } } }',
      '{ books { ... on Priced { price ... on Media { id } } } }',
    ],
  )
})

describe('a union of which each service knows other members', () => {
  const viewer = (song: Thing) => ({ media: song, book: song })
  const song = { __typename: 'Song', id: 's1', title: 'la' }
  answersAsOne(
    {
      services: {
        a: `type Query { media: Media book: Media shelf: [Media] viewer: Viewer @shareable }
          union Media = Book type Book @key(fields: "id") { id: ID! title: String! @shareable } type Viewer { media: Media @shareable book: Media @shareable }`,
        b: `type Query { film: Media all: [Media] viewer: Viewer @shareable }
          union Media = Book | Film | Song type Book @key(fields: "id") { id: ID! title: String! @shareable pages: Int }
          type Film @key(fields: "id") { id: ID! minutes: Int } type Song { id: ID! title: String } type Viewer { media: Media @shareable book: Media @shareable song: Media }`,
      },
      entities: media.map((each) => ({ ...each, title: each.title ?? 'none' })),
      resolvers: {
        Query: {
          media: () => book,
          book: () => book,
          shelf: () => [book, null],
          film: () => film,
          all: () => [book, film, song],
          viewer: () => ({ ...viewer(book), song }),
        },
      },
    },
    [
      '{ media { __typename ... on Book { title pages } ... on Film { minutes } ... on Song { name: title } } }',
      '{ all { ... on Book { title } ... on Film { minutes } ... on Song { name: title } } shelf { ... on Song { id } ... on Book { pages } } }',
      '{ viewer { media { ... on Book { title } ... on Film { minutes } } song { ... on Song { title } ... on Book { pages } } } film { __typename } }',
    ],
  )
})

const accounts: Thing[] = [
  { __typename: 'Admin', __is: ['Account'], id: 'a1', name: 'root', isMain: false, isActive: true, email: 'r@x' },
  { __typename: 'Regular', __is: ['Account'], id: 'a2', name: 'joe', isMain: true, isActive: true, email: 'j@x' },
  { __typename: 'Regular', __is: ['Account'], id: 'a3', name: null, isMain: null, isActive: false, email: null },
]

describe('an interface that one service knows as an object', () => {
  answersAsOne(
    {
      services: {
        a: `type Query { users: [Account] admin: Admin } interface Account @key(fields: "id") { id: ID! }
          type Admin implements Account @key(fields: "id") { id: ID! isMain: Boolean name: String } type Regular implements Account @key(fields: "id") { id: ID! isMain: Boolean email: String }`,
        b: 'type Query { anotherUsers: [Account] } type Account @key(fields: "id") @interfaceObject { id: ID! name: String }'.replace(
          'name: String }',
          'nick: String }',
        ),
        c: 'type Query { accounts: [Account] } type Account @key(fields: "id") @interfaceObject { id: ID! isActive: Boolean!  nick: String @external greeting: String @requires(fields: "nick") }',
      },
      entities: accounts.map((each, at) => Object.assign(each, { nick: at === 2 ? null : `nick ${at}` })),
      resolvers: {
        Query: { users: () => accounts, admin: () => accounts[0], anotherUsers: () => accounts, accounts: () => [...accounts, null] },
        Account: { greeting: ({ nick }) => `Hi ${nick}` },
      },
    },
    [
      '{ users { id nick isActive } }',
      '{ anotherUsers { id nick } }',
      '{ anotherUsers { __typename id nick ... on Admin { name isMain } ... on Regular { email } } }',
      '{ accounts { ... on Admin { isActive } } anotherUsers { t: __typename isActive } }',
      '{ users { greeting ... on Regular { nick } } admin { greeting isActive nick } accounts { greeting } }',
      '{ accounts { isActive } }',
    ],
  )
})

describe('an entity that is an interface, asked for by its own key', () => {
  answersAsOne(
    {
      services: {
        a: `interface Media @key(fields: "id") { id: ID! title: String }
          type Query { media: [Media] }
          type Book implements Media @key(fields: "id") { id: ID! title: String pages: Int } type Film implements Media @key(fields: "id") { id: ID! title: String minutes: Int }`,
        b: `type Query { top: Review } type Review { id: ID! of: Media } type Media @key(fields: "id") @interfaceObject { id: ID! reviews: [Review!]! }`,
      },
      entities: media,
      resolvers: {
        Query: { media: () => media, top: () => ({ id: 'r', of: book }) },
        Media: { reviews: ({ id }) => [{ id: `r${id}`, of: id === 'm1' ? film : book }] },
      },
    },
    [
      '{ top { of { title } } }',
      '{ top { of { __typename id } } }',
      '{ top { of { ... on Book { pages reviews { of { ... on Film { minutes } title } } } } } }',
      '{ media { reviews { of { reviews { id of { title } } } } } }',
    ],
  )
})

describe('one name for different fields of what is in different types', () => {
  const child = { __typename: 'Child', id: 'c', label: 'x' }
  const any = [
    { __typename: 'User', id: 'u', child, tag: 'user' },
    { __typename: 'Org', id: 'o', child, name: 'org' },
  ]
  answersAsOne(
    {
      services: {
        a: `type Query { any: [Item] } union Item = User | Org type User @key(fields: "id") { id: ID! child: Child! tag: String } type Org @key(fields: "id") { id: ID! child: Child! name: String }
          type Child @key(fields: "id") { id: ID! label: String }`,
        b: 'type Child @key(fields: "id") { id: ID! name(x: Int): String }',
      },
      entities: [...any, child],
      resolvers: { Query: { any: () => any }, Child: { name: ({ id }, { x }) => `${id} ${x}` } },
    },
    [
      '{ any { ... on User { child { name(x: 1) } } ... on Org { child { name(x: 4) } } } }',
      '{ any { ... on User { a: tag child { a: name(x: 1) id } } ... on Org { a: name child { a: label id: name(x: 2) } } } }'.replace(
        ' id }',
        ' }',
      ),
      '{ any { __typename ...U ...O } } fragment U on User { child { v: name v2: name(x: 1) } } fragment O on Org { child { v: name(x: 1) v2: name } }',
    ],
  )
})
