import { type DestinationStream, destination, type Logger, pino } from 'pino'

export type { Logger }

/** Structured lines on stdout, or wherever `destination` says. What is secret by name never gets out, however deep. */
export const createLog = (level: string, destination?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: null,
      redact: {
        paths: [
          'password',
          'token',
          'secret',
          'authorization',
          'cookie',
          '*.password',
          '*.token',
          '*.secret',
          '*.authorization',
          '*.cookie',
        ],
        censor: '[redacted]',
      },
    },
    ...(destination ? [destination] : []),
  )

const STDERR = 2

/** Lines on stderr, for machines; whoever logs does not wait for whoever reads. */
export const stderrLog = (level: string): Logger => createLog(level, destination({ dest: STDERR, sync: false }))

export const silentLog = (): Logger => pino({ level: 'silent' })
