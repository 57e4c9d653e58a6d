/** What the server says of itself to its pages. */
export interface Instance {
  readonly publicUrl: string
  readonly signUps: boolean
  /** OpenID providers, with where each sign-in begins. */
  readonly providers: readonly { readonly label: string; readonly url: string }[]
}

export const instance: Instance = JSON.parse(document.getElementById('page')?.dataset.instance ?? '{}')
