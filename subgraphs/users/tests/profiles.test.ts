import { encodeId } from '@ashlar/kit/ids'
import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, PASSWORD, SIGN_UP, startInstance } from './instance.js'

const UPDATE = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { username displayName bio avatarUrl } } }'
const DELETE = 'mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { deletedUserId } }'

describe('profiles', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance()
  })
  afterAll(() => users.close())

  it('are patched: what is absent stays, null clears', async () => {
    const { asking } = await users.signUp('patched')
    const update = async (input: object) =>
      (await users.data<{ updateProfile: { user: object } }>(UPDATE, { input }, asking)).updateProfile.user
    const whole = { username: 'patched', displayName: 'Pat', bio: 'Line one\nline two', avatarUrl: 'https://example.org/p.png' }
    expect(await update({ displayName: ' Pat ', bio: whole.bio, avatarUrl: whole.avatarUrl })).toEqual(whole)
    expect(await update({})).toEqual(whole)
    expect(await update({ bio: null })).toEqual({ ...whole, bio: null })
    expect(await update({ avatarUrl: null })).toEqual({ ...whole, bio: null, avatarUrl: null })
  })

  it('say all that is wrong at once', async () => {
    const { asking } = await users.signUp('wrong')
    const answer = await users.ask(UPDATE, { input: { username: 'x', displayName: null, bio: '\u0007' } }, asking)
    expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], ['input.username', 'input.displayName', 'input.bio']])
    const long = await users.ask(UPDATE, { input: { username: null, displayName: 'x'.repeat(301), bio: 'x'.repeat(2_001) } }, asking)
    expect(issuePathsOf(long)).toEqual(['input.username', 'input.displayName', 'input.bio'])
    for (const avatarUrl of ['javascript:alert(1)', 'x', `https://example.org/${'x'.repeat(2_048)}`]) {
      expect(codesOf(await users.ask(UPDATE, { input: { avatarUrl } }, asking))).toEqual(['BAD_USER_INPUT'])
    }
  })

  it('give up their username for another, which is free again then', async () => {
    const { asking } = await users.signUp('before')
    const other = await users.signUp('settled')
    expect((await users.ask(UPDATE, { input: { username: 'Settled' } }, asking)).errors?.[0]?.extensions).toMatchObject({
      code: 'CONFLICT',
      field: 'username',
    })
    expect(codesOf(await users.ask(UPDATE, { input: { username: 'After' } }, asking))).toEqual([])
    expect(codesOf(await users.signIn('after'))).toEqual([])
    expect(codesOf(await users.ask(UPDATE, { input: { username: 'before' } }, other.asking))).toEqual([])
  })

  it('give one username to one of 20 who want it at once', async () => {
    const people = await Promise.all(Array.from({ length: 20 }, (_, index) => users.signUp(`wants_${index}`)))
    const answers = await Promise.all(people.map(({ asking }) => users.ask(UPDATE, { input: { username: 'wanted' } }, asking)))
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1)
    expect(answers.flatMap(codesOf)).toEqual(Array.from({ length: 19 }, () => 'CONFLICT'))
  })
})

describe('deleting an account', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance()
  })
  afterAll(() => users.close())

  it('wants the password', async () => {
    const { asking } = await users.signUp('hesitant')
    for (const input of [{}, { password: 'another grey stone' }]) {
      const answer = await users.ask(DELETE, { input }, asking)
      expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], ['input.password']])
    }
  })

  it('erases all of the person, keeps the username, and ends every credential', async () => {
    const gone = await users.signUpConfirmed('gone')
    const friend = await users.signUp('friend')
    const { createApiKey } = await users.data<{ createApiKey: { secret: string } }>(
      'mutation { createApiKey(input: { name: "k", scopes: ["posts:read"], idempotencyKey: "k" }) { secret } }',
      {},
      gone.asking,
    )
    await users.bearing(createApiKey.secret)
    await users.data(
      'mutation ($id: ID!) { blockUser(input: { userId: $id }) { viewer { userId } } }',
      { id: encodeId('user', friend.id) },
      gone.asking,
    )
    await users.data(
      'mutation { enrollTotp { secret } requestPasswordReset(input: { email: "gone@example.org" }) { ok } }',
      {},
      gone.asking,
    )
    const { token } = await users.mail('reset-password', gone.email)
    await users.signIn('gone', { password: 'another grey stone' })

    expect(await users.data(DELETE, { input: { password: PASSWORD } }, gone.asking)).toEqual({
      deleteAccount: { deletedUserId: encodeId('user', gone.id) },
    })

    for (const credential of [gone.tokens.accessToken, createApiKey.secret])
      await expect(users.bearing(credential)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(codesOf(await users.refresh(gone.tokens.refreshToken))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await users.signIn('gone'))).toEqual(['UNAUTHENTICATED'])
    expect(
      codesOf(
        await users.ask(
          'mutation ($t: String!) { resetPassword(input: { token: $t, newPassword: "five smooth white pebbles" }) { tokens { accessToken } } }',
          { t: token },
          users.nobody(),
        ),
      ),
    ).toEqual(['UNAUTHENTICATED'])
    expect(
      await users.data('query ($id: ID!) { user(id: $id) { username } userByUsername(username: "gone") { id } }', {
        id: encodeId('user', gone.id),
      }),
    ).toEqual({ user: null, userByUsername: null })

    const { errors } = await users.ask(
      SIGN_UP,
      { input: { username: 'gone', email: 'new@example.org', password: PASSWORD } },
      users.nobody(),
    )
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', field: 'username' })
    expect(
      codesOf(await users.ask(SIGN_UP, { input: { username: 'again', email: gone.email, password: PASSWORD } }, users.nobody())),
    ).toEqual([])

    const { rows: tables } = await users.database.admin.query(
      `select table_name from information_schema.tables where table_schema = 'users'`,
    )
    const left: string[] = []
    for (const { table_name: table } of tables) {
      const { rows } = await users.database.admin.query(
        `select count(*)::int as count from users."${table}" t where row_to_json(t)::text like $1`,
        [`%${gone.id}%`],
      )
      if (rows[0].count > 0) left.push(table)
    }
    // Who is answered for, and whose tokens are refused until they expire: by id alone, in the log as well.
    expect(left.sort()).toEqual(['audit_entry', 'ending', 'event'])
  })

  it('is done once among 10 at once', async () => {
    const { asking } = await users.signUp('tenfold')
    const answers = await Promise.all(Array.from({ length: 4 }, () => users.ask(DELETE, { input: { password: PASSWORD } }, asking)))
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1)
    expect(answers.flatMap(codesOf)).toEqual(Array.from({ length: 3 }, () => 'UNAUTHENTICATED'))
  })
})
