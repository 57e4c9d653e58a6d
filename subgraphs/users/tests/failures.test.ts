import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, PASSWORD, passSeconds, startInstance, type Tokens } from './instance.js'
import { type RecordingLog, recordingLog } from './recording-log.js'

describe('when the database does not answer', () => {
  let users: Instance
  let log: RecordingLog
  beforeAll(async () => {
    log = recordingLog()
    users = await startInstance({}, log)
  })
  afterAll(() => users.close())

  /** The service is refused something of a table while `work` runs, as by a database that answers with errors. */
  const without = async (right: 'select' | 'insert', table: string, work: () => Promise<void>) => {
    const login = await loginOf(users)
    await users.database.admin.query(`revoke ${right} on users.${table} from ${login}`)
    try {
      await work()
    } finally {
      await users.database.admin.query(`grant ${right} on users.${table} to ${login}`)
    }
  }

  it('tokens are still verified, by what was known of endings before', async () => {
    const [ada, gone] = [await users.signUp('ada'), await users.signUp('gone')]
    await users.data('mutation { signOut { ok } }', {}, gone.asking)
    await without('select', 'ending', async () => {
      passSeconds(6)
      expect((await users.bearing(ada.tokens.accessToken)).identity?.userId).toBe(ada.id)
      await expect(users.bearing(gone.tokens.accessToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
      expect(log.written()).toContain('what ended could not be read')
    })
    passSeconds(6)
    expect((await users.bearing(ada.tokens.accessToken)).identity?.userId).toBe(ada.id)
  })

  it('a key is neither valid nor refused, but nobody can tell', async () => {
    const { asking } = await users.signUp('keyed')
    const create = 'mutation { createApiKey(input: { name: "k", scopes: ["posts:read"] }) { secret } }'
    const { secret } = await users.field<{ secret: string }>('createApiKey', create, {}, asking)
    await without('select', 'api_key', async () => {
      await expect(users.bearing(secret)).rejects.toMatchObject({
        code: expect.stringMatching(/^(SUBGRAPH_UNAVAILABLE|INTERNAL_SERVER_ERROR)$/),
      })
    })
    expect((await users.bearing(secret)).identity?.credential).toBe('key')
  })

  it('half of a sign-up is not written', async () => {
    await without('insert', 'session', async () => {
      const answer = await users.ask('mutation ($input: SignUpInput!) { signUp(input: $input) { tokens { accessToken } } }', {
        input: { username: 'half', email: 'half@example.org', password: PASSWORD },
      })
      expect(codesOf(answer)).toEqual(['INTERNAL_SERVER_ERROR'])
    })
    const { rows } = await users.database.admin.query(
      `select name from users.taken_username where name = 'half' union all select username from users.account where username = 'half'`,
    )
    expect(rows).toEqual([])
    await users.signUp('half')
  })
})

describe('the log', () => {
  it('bears no secret of anybody', async () => {
    const log = recordingLog()
    const users = await startInstance({}, log)
    const person = await users.signUp('private', { displayName: 'Private Person' })
    await users.signIn('private', { password: 'another grey stone' })
    await users.data('mutation { requestPasswordReset(input: { email: "private@example.org" }) { ok } }', {}, users.nobody())
    const { token } = await users.mail('reset-password', person.email)
    const create = 'mutation { createApiKey(input: { name: "k", scopes: ["posts:read"] }) { secret } }'
    const { secret } = await users.field<{ secret: string }>('createApiKey', create, {}, person.asking)
    const { data } = await users.refresh(person.tokens.refreshToken)
    const { tokens } = (data as { refreshSession: { tokens: Tokens } }).refreshSession
    // What goes wrong unexpectedly is logged whole.
    await users.database.admin.query(`revoke insert on users.session from ${await loginOf(users)}`)
    expect(codesOf(await users.signIn('private'))).toEqual(['INTERNAL_SERVER_ERROR'])
    const written = log.written()
    expect(written).toContain('permission denied')
    for (const secretText of [
      PASSWORD,
      'another grey stone',
      token,
      secret,
      person.tokens.accessToken,
      person.tokens.refreshToken,
      tokens.refreshToken,
      person.email,
    ]) {
      expect(written).not.toContain(secretText)
    }
    await users.close()
  })
})

async function loginOf(users: Instance): Promise<string> {
  const [row] = await users.database.service('users').query<{ login: string }>('select current_user as login')
  return `"${row?.login}"`
}
