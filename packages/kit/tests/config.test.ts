import { describe, expect, it } from '@jest/globals'
import { ConfigError, isClientAddress, isLoopback, readConfig, readGatewayConfig, readServiceConfig } from '../src/config.js'
import { keysFor } from '../src/internal-keys.js'

const faultsOf = (env: Record<string, string>, read: (env: Record<string, string>) => unknown = readConfig): string[] => {
  try {
    read(env)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults.map(({ variable }) => variable)
  }
}

describe('the configuration', () => {
  it('needs nothing', () => {
    const { port, host, publicUrl, signUps, oneRole, databaseUrl } = readConfig({})
    expect({ port, host, publicUrl: publicUrl.href, signUps, oneRole, databaseUrl }).toEqual({
      port: 4000,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:4000/',
      signUps: 'open',
      oneRole: false,
      databaseUrl: null,
    })
  })

  it('takes bounds by their names, and a list of operations that may be the only ones', () => {
    const { limits, trustedOperations } = readConfig({
      LIMITS: 'aliases=200, depth=20',
      TRUSTED_OPERATIONS: '/a',
      TRUSTED_OPERATIONS_ONLY: '1',
    })
    expect({ limits, trustedOperations }).toEqual({ limits: { aliases: 200, depth: 20 }, trustedOperations: { path: '/a', only: true } })
    expect(readConfig({})).toMatchObject({ limits: {}, trustedOperations: null })
    for (const wrong of ['aliases', 'aliases=', 'aliases=-1', 'aliases=0', 'aliases=x', '=5', 'a=1;b=2'])
      expect(faultsOf({ LIMITS: wrong })).toEqual(['LIMITS'])
    expect(faultsOf({ TRUSTED_OPERATIONS_ONLY: '1' })).toEqual(['TRUSTED_OPERATIONS'])
  })

  it('takes a variable set to nothing as one that is not set', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: '' }).port).toBe(4000)
  })

  it('says every fault at once, each with its variable', () => {
    const wrong = {
      PORT: '70000',
      PUBLIC_URL: 'example.com',
      ALLOWED_CLIENTS: 'https://good.example,https://bad.example/path',
      DATABASE_URL: 'mysql://x',
      USERS_DATABASE_URL: 'x',
      ONE_ROLE: 'yes',
      SECRET_KEY: 'short',
      OWNER_EMAIL: 'x',
      SIGN_UPS: 'maybe',
      SMTP_URL: 'http://x',
      LOG_LEVEL: 'loud',
      OPENID_GOOGLE_ISSUER: 'accounts',
      OPENID_OTHER_CLIENT_ID: 'x',
      TRUSTED_PROXIES: 'proxy',
      MAIL_FROM: 'a\r\nBcc: b',
      NATS_URL: 'http://127.0.0.1',
      INTERNAL_KEYS: 'gateway>posts=short',
      SERVICE_URLS: 'posts=127.0.0.1:4000',
      DATABASE_CONNECTIONS: '0',
      METRICS_TOKEN: 'too short',
    }
    expect(faultsOf(wrong).sort()).toEqual(
      Object.keys(wrong)
        .map((name) => (name === 'OPENID_OTHER_CLIENT_ID' ? 'OPENID_OTHER_ISSUER' : name))
        .sort(),
    )
  })

  it('refuses to be reached from elsewhere without knowing its own address', () => {
    expect(faultsOf({ HOST: '0.0.0.0' })).toEqual(['PUBLIC_URL'])
    expect(faultsOf({ HOST: '0.0.0.0', PUBLIC_URL: 'https://api.example.com' })).toEqual([])
    expect(faultsOf({ OWNER_EMAIL: 'a@b.c' })).toEqual(['OWNER_PASSWORD'])
  })

  it('takes an origin for its own address, and addresses for proxies', () => {
    const wrong = [
      'https://user:secret@a.example',
      'https://a.example/path',
      'https://a.example/?x=1',
      'http://a.example',
      'ftp://a.example',
      'https://',
    ]
    for (const PUBLIC_URL of wrong) expect([PUBLIC_URL, faultsOf({ PUBLIC_URL })]).toEqual([PUBLIC_URL, ['PUBLIC_URL']])
    for (const PUBLIC_URL of ['https://a.example', 'https://a.example/', 'http://localhost:8080', 'http://127.0.0.1:4000'])
      expect(faultsOf({ PUBLIC_URL })).toEqual([])
    for (const TRUSTED_PROXIES of ['999', '10.0.0.1/33', '10.0.0.0/8/8', '::1/129', 'x'])
      expect(faultsOf({ TRUSTED_PROXIES })).toEqual(['TRUSTED_PROXIES'])
    expect(faultsOf({ TRUSTED_PROXIES: '10.0.0.1, 10.0.0.0/8, fd00::/8' })).toEqual([])
    for (const PORT of ['0x10', '1e3', '4000.5', ' 80', '-1', '0']) expect([PORT, faultsOf({ PORT })]).toEqual([PORT, ['PORT']])
  })

  it('takes for the metrics only what is long enough and can stand in a header', () => {
    const token = 'q3Zz0+/rT1kq9k7fS2xF1w=='
    expect(readConfig({ METRICS_TOKEN: token }).metricsToken).toBe(token)
    expect(readConfig({}).metricsToken).toBeNull()
    for (const wrong of ['fifteen-letters', 'sixteen and words', 'sixteen-letters\n', 'ä'.repeat(16), '='.repeat(16), 'x'.repeat(1_001)])
      expect(faultsOf({ METRICS_TOKEN: wrong })).toEqual(['METRICS_TOKEN'])
  })

  it('shares answers only where it is told to', () => {
    expect(readConfig({}).shareInFlight).toBe(false)
    expect(readConfig({ SHARE_IN_FLIGHT: '1' }).shareInFlight).toBe(true)
  })

  it('has an OpenID provider for each name', () => {
    const { openIdProviders } = readConfig({
      OPENID_ACME_ISSUER: 'https://id.acme.example',
      OPENID_ACME_CLIENT_ID: 'ashlar',
      OPENID_ACME_SCOPES: 'openid,email',
    })
    expect(openIdProviders).toEqual([
      {
        name: 'acme',
        issuer: new URL('https://id.acme.example'),
        clientId: 'ashlar',
        clientSecret: null,
        label: 'Acme',
        scopes: ['openid', 'email'],
      },
    ])
  })
})

describe('an allowed client', () => {
  it('is an origin exactly, or the address of an app', () => {
    const good = ['https://example.com', 'http://localhost:5173', 'com.example.app:/signed-in', 'com.example.app://signed-in']
    expect(good.filter((client) => !isClientAddress(client))).toEqual([])
    const bad = [
      '',
      '*',
      'null',
      'https://example.com/',
      'https://example.com/x',
      'https://a@example.com',
      'HTTPS://example.com',
      'https://EXAMPLE.com',
      'https://example.com:443',
      'javascript:/x',
      'myapp:/x',
      'com.example.app',
      'https://a\\b',
    ]
    expect(bad.filter(isClientAddress)).toEqual([])
  })
})

describe('a loopback address', () => {
  it('reaches this machine alone', () => {
    expect(['localhost', 'a.localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]'].filter((host) => !isLoopback(host))).toEqual([])
    expect(['0.0.0.0', '127.0.0.1.example.com', 'localhost.example.com', '10.0.0.1', '127.example', ''].filter(isLoopback)).toEqual([])
  })
})

describe('the configuration of a process among others', () => {
  const INTERNAL_KEYS = keysFor(Buffer.alloc(32, 1), 'posts', ['gateway', 'users'])
  const SECRET_KEY = Buffer.alloc(32, 2).toString('base64')
  const postsConfig = (env: Record<string, string>) => readServiceConfig(env, 'posts')

  it('says all that a service lacks', () => {
    expect(faultsOf({}, postsConfig).sort()).toEqual(['DATABASE_URL', 'INTERNAL_KEYS', 'SECRET_KEY'])
    expect(faultsOf({ INTERNAL_KEYS, SECRET_KEY, USERS_DATABASE_URL: 'postgres://a' }, postsConfig)).toEqual(['DATABASE_URL'])
    expect(faultsOf({ INTERNAL_KEYS, SECRET_KEY, POSTS_DATABASE_URL: 'postgres://a' }, postsConfig)).toEqual([])
    expect([...postsConfig({ INTERNAL_KEYS, SECRET_KEY, DATABASE_URL: 'postgres://a' }).internalKeys.keys()].sort()).toEqual([
      'gateway>posts',
      'posts>gateway',
      'posts>users',
      'users>posts',
    ])
  })

  it('says all that a gateway lacks', () => {
    expect(faultsOf({}, readGatewayConfig).sort()).toEqual(['INTERNAL_KEYS', 'SERVICE_URLS'])
    const SERVICE_URLS = 'users=http://127.0.0.1:4101, posts=http://[::1]:4102/'
    expect(readGatewayConfig({ INTERNAL_KEYS, SERVICE_URLS }).serviceUrls).toEqual({
      users: new URL('http://127.0.0.1:4101'),
      posts: new URL('http://[::1]:4102'),
    })
  })
})
