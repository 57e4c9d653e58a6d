/** Whom a mailed link is for, so that its page can name the account before anybody acts. */
export interface LinkOwner {
  readonly username: string
  /** The address that the mail went to, as its owner knows it: a***@example.com. */
  readonly email: string
}
