/** What a mail is about; `link` bears its token in the fragment. */
export type Mail =
  | { readonly kind: 'verify-email'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'reset-password'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'sign-in-link'; readonly to: string; readonly username: string; readonly link: string }
  /** To the new address, which has to be confirmed. */
  | { readonly kind: 'email-change'; readonly to: string; readonly username: string; readonly link: string }
  /** To the old address, so that its owner hears of it. */
  | { readonly kind: 'email-change-notice'; readonly to: string; readonly username: string; readonly newEmail: string }
  /** Somebody signed up with an address that has an account: only its owner is told. */
  | { readonly kind: 'address-taken'; readonly to: string; readonly username: string }

/** What a mail says, before it is laid out. */
export interface Words {
  readonly subject: string
  readonly heading: string
  readonly paragraphs: readonly string[]
  readonly button: { readonly label: string; readonly link: string } | null
  /** What to do if it was not you. */
  readonly footnote: string
}

/** The words of a mail from the instance at `host`. Subjects are constants: nothing that a person typed gets into a header. */
export function wordsOf(mail: Mail, host: string): Words {
  const account = `your account ${mail.username} at ${host}`
  switch (mail.kind) {
    case 'verify-email':
      return {
        subject: 'Confirm your e-mail address',
        heading: 'Confirm your e-mail address',
        paragraphs: [`Please confirm that this is the address of ${account}.`, 'The link works once, for 24 hours.'],
        button: { label: 'Confirm this address', link: mail.link },
        footnote: 'If you did not sign up, ignore this mail: nothing happens without the link.',
      }
    case 'reset-password':
      return {
        subject: 'Choose a new password',
        heading: 'Choose a new password',
        paragraphs: [`Somebody, most likely you, asked for a new password for ${account}.`, 'The link works once, for 60 minutes.'],
        button: { label: 'Choose a new password', link: mail.link },
        footnote: 'If it was not you, ignore this mail: your password stays as it is.',
      }
    case 'sign-in-link':
      return {
        subject: 'Your sign-in link',
        heading: 'Sign in',
        paragraphs: [`Here is the link to sign in to ${account}.`, 'It works once, for 15 minutes. Do not pass it on.'],
        button: { label: 'Sign in', link: mail.link },
        footnote: 'If you did not ask for it, ignore this mail: nobody signs in without the link.',
      }
    case 'email-change':
      return {
        subject: 'Confirm your new e-mail address',
        heading: 'Confirm your new address',
        paragraphs: [`Please confirm that this is to be the address of ${account}.`, 'The link works once, for 24 hours.'],
        button: { label: 'Confirm this address', link: mail.link },
        footnote: 'If you did not ask for it, ignore this mail: the account keeps the address that it has.',
      }
    case 'email-change-notice':
      return {
        subject: 'Your e-mail address is about to change',
        heading: 'Your address is about to change',
        paragraphs: [
          `Somebody signed in to ${account} asked to change its e-mail address to ${mail.newEmail}.`,
          'The change takes effect once the new address is confirmed.',
        ],
        button: null,
        footnote: 'If it was not you, sign in, change your password and sign out everywhere else.',
      }
    case 'address-taken':
      return {
        subject: 'You already have an account',
        heading: 'You already have an account',
        paragraphs: [
          `Somebody tried to sign up at ${host} with your address. It already belongs to the account ${mail.username}.`,
          'To get in, sign in as usual, or ask there for a new password.',
        ],
        button: null,
        footnote: 'If it was not you, there is nothing to do: no second account was made, and they were not told of yours.',
      }
  }
}
