import { createLog, type Logger } from '@ashlar/kit/log'
import { destination } from 'pino'
import pretty from 'pino-pretty'

const STDERR = 2

/** Lines for machines on stderr; in a terminal the same for people, without what they don't need. */
export const createServerLog = (level: string, forPeople: boolean): Logger =>
  createLog(
    level,
    forPeople
      ? pretty({ destination: STDERR, sync: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' })
      : destination({ dest: STDERR, sync: false }),
  )
