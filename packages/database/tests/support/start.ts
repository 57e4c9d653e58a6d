import { type DatabaseOptions, startDatabase } from '@ashlar/database/start'
import type { TestDatabase } from '@ashlar/database/testing'
import { silent } from '../../src/logger.js'
import { counterHistory } from './history.js'

export const secret = Buffer.alloc(32, 'the passwords of these tests')

/** A start on a database of the tests, as with DATABASE_URL. */
export const startOn = ({ url }: Pick<TestDatabase, 'url'>, options: Partial<DatabaseOptions> = {}) =>
  startDatabase({
    dataDir: '/nowhere',
    databaseUrl: url,
    services: ['left', 'right'],
    secret,
    log: silent,
    history: () => [...counterHistory],
    ...options,
  })
