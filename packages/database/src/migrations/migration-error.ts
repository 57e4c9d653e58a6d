/** What a history, or a database that has one behind it, says that can't be. */
export class MigrationError extends Error {
  override name = 'MigrationError'
}
