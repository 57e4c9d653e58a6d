import { describe, expect, it } from '@jest/globals'
import { ConfigError, isClientAddress, isLoopback, readConfig } from '../src/config.js'

const faultsOf = (env: Record<string, string>): string[] => {
  try {
    readConfig(env)
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
