import type { editor as Editor } from 'monaco-editor'

/** Names of the two themes, one for each side of the system's preference. */
export const EDITOR_THEME = { light: 'ashlar-light', dark: 'ashlar-dark' } as const

interface Palette {
  readonly accent: string
  readonly surface: string
  readonly text: string
  readonly keyword: string
  readonly field: string
  readonly argument: string
  readonly string: string
  readonly number: string
  readonly comment: string
}

const LIGHT: Palette = {
  accent: '#1b746b',
  surface: '#ffffff',
  text: '#292521',
  keyword: '#8a3ffc',
  field: '#17594f',
  argument: '#8a5a00',
  string: '#a8331f',
  number: '#0b5cad',
  comment: '#7a7269',
}

const DARK: Palette = {
  accent: '#5cc4b3',
  surface: '#23211e',
  text: '#e8e2da',
  keyword: '#c3a6ff',
  field: '#7fd6c6',
  argument: '#e5b567',
  string: '#f0907a',
  number: '#8ab8f0',
  comment: '#948b80',
}

/** Registers both themes, in the colours of the page around the editor. */
export function defineThemes(editor: typeof Editor): void {
  editor.defineTheme(EDITOR_THEME.light, { base: 'vs', inherit: true, ...themeOf(LIGHT) })
  editor.defineTheme(EDITOR_THEME.dark, { base: 'vs-dark', inherit: true, ...themeOf(DARK) })
}

function themeOf({ accent, surface, text, keyword, field, argument, string, number, comment }: Palette) {
  const bare = (colour: string) => colour.slice(1)
  const faint = `${accent}22`
  return {
    rules: [
      { token: '', foreground: bare(text) },
      { token: 'comment.gql', foreground: bare(comment) },
      { token: 'keyword.gql', foreground: bare(keyword) },
      { token: 'key.identifier.gql', foreground: bare(field) },
      { token: 'argument.identifier.gql', foreground: bare(argument) },
      { token: 'string.gql', foreground: bare(string) },
      { token: 'number.gql', foreground: bare(number) },
      { token: 'string.key.json', foreground: bare(field) },
      { token: 'string.value.json', foreground: bare(string) },
      { token: 'number.json', foreground: bare(number) },
      { token: 'keyword.json', foreground: bare(keyword) },
    ],
    colors: {
      // The page's own surface shows through.
      'editor.background': '#ffffff00',
      'scrollbar.shadow': '#ffffff00',
      'editor.foreground': text,
      'editorLineNumber.foreground': comment,
      'editorWidget.background': surface,
      'editorHoverWidget.background': surface,
      'editorSuggestWidget.background': surface,
      'editorSuggestWidget.selectedBackground': faint,
      'editorSuggestWidget.selectedForeground': text,
      'editorSuggestWidget.highlightForeground': accent,
      'editorSuggestWidget.focusHighlightForeground': accent,
      'list.hoverBackground': faint,
      'list.highlightForeground': accent,
      'quickInput.background': surface,
      'quickInputList.focusBackground': faint,
      'quickInputList.focusForeground': text,
      'menu.background': surface,
      'menu.selectionBackground': faint,
      'menu.selectionForeground': text,
      'textLink.foreground': accent,
      'textLink.activeForeground': accent,
      'editorLink.activeForeground': accent,
      focusBorder: accent,
    },
  }
}
