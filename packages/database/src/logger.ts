/** What the database needs of a log; pino's fits. */
export interface DatabaseLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export const silent: DatabaseLog = { info: () => {}, warn: () => {}, error: () => {} }
