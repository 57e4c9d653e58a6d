import { type DestinationStream, type Logger, pino } from 'pino'

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

export const silentLog = (): Logger => pino({ level: 'silent' })
