import { type Config, isLoopback } from '@ashlar/kit/config'
import { DEMO_PEOPLE, type DemoPerson, demoSignUp, demoUserId } from '@ashlar/kit/demo'
import type { Deps } from '@ashlar/kit/deps'
import type { Passwords } from './passwords.js'
import { TAKE_USERNAME } from './sql/accounts.js'
import { ADD_DEMO_ACCOUNT } from './sql/demo.js'

/**
 * Whether the people of the demo may sign in, whose password everybody knows: only where nobody else can come by. Behind a proxy HOST
 * is loopback as well, and what tells is the public address.
 */
export const demoMaySignIn = ({ host, publicUrl }: Pick<Config, 'host' | 'publicUrl'>): boolean =>
  isLoopback(host) && isLoopback(publicUrl.hostname)

/** Everybody's in the demo. */
const PASSWORD = 'demo-ashlar'
const MODERATOR: DemoPerson = 'nadia'

const PEOPLE: Readonly<Record<DemoPerson, { readonly name: string; readonly bio: string }>> = {
  mara: { name: 'Mara Lindqvist', bio: 'Keeps the old bakery at the harbour going. Sourdough, rye and whatever the season brings.' },
  tomas: {
    name: 'Tomáš Novák',
    bio: 'Bicycle mechanic. I write about frames that outlive their owners, and the tools that keep them rolling.',
  },
  aiko: { name: 'Aiko Tanaka', bio: 'Garden designer between Kyoto and Rotterdam. Moss is not a problem to be solved.' },
  jules: { name: 'Jules Moreau', bio: 'Sound engineer by night, beekeeper by day. Field recordings from both.' },
  nadia: { name: 'Nadia Rahimi', bio: 'Librarian. I look after the comments here, so be kind and cite your sources.' },
  oskar: { name: 'Oskar Wiśniewski', bio: 'Carpenter, third generation. Joints without glue, mistakes without excuses.' },
  priya: { name: 'Priya Natarajan', bio: 'Hydrologist. Rivers, rain gauges and the long walk between them.' },
  leon: { name: 'León Castillo', bio: 'Cooks for forty on Sundays. Collecting the recipes my grandmother never wrote down.' },
  ines: { name: 'Inês Carvalho', bio: 'Letterpress printer in Porto. Ask me about ink, never about deadlines.' },
  kofi: { name: 'Kofi Mensah', bio: 'Teaches physics and repairs radios. Everything is a tuned circuit if you look long enough.' },
  greta: { name: 'Greta Hollenstein', bio: 'Runs slowly up mountains and writes down what she sees on the way.' },
  sam: { name: 'Sam Okafor', bio: 'Photographs bridges at dawn. New here, still finding my way around.' },
}

/** Makes the people of the demo who are not there yet; who is stays as they are. A name that somebody real has is left alone. */
export async function makeDemoPeople({ db }: Pick<Deps, 'db'>, passwords: Passwords): Promise<void> {
  const there = await db.query<{ id: string }>('select id from account where demo')
  const missing = DEMO_PEOPLE.filter((person) => !there.some(({ id }) => id === demoUserId(person)))
  if (missing.length === 0) return
  // One hash for all of them: it is no secret, and twelve would put off the start.
  const passwordHash = await passwords.hash(PASSWORD)
  for (const person of missing) {
    const id = demoUserId(person)
    const { name, bio } = PEOPLE[person]
    const role = person === MODERATOR ? 'MODERATOR' : 'USER'
    await db.sqlTransaction(async (sql) => {
      const [taken] = await sql.query(TAKE_USERNAME, [person, id, null])
      if (taken)
        await sql.query(ADD_DEMO_ACCOUNT, [id, person, name, bio, role, `${person}@demo.example`, passwordHash, demoSignUp(person)])
    })
  }
}
