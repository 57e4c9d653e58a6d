import './workers.js'
import '@graphiql/react/style.css'
import '@graphiql/plugin-doc-explorer/style.css'
import '@graphiql/plugin-history/style.css'
import 'graphiql/graphiql.css'
import './editor.css'
import { DOC_EXPLORER_PLUGIN } from '@graphiql/plugin-doc-explorer'
import { GraphiQL } from 'graphiql'
import { EDITOR_THEME } from './editor-theme.js'
import { fetcher } from './fetcher.js'
import { FollowSystemTheme } from './follow-system-theme.js'
import { forgetfulStorage } from './forgetful-storage.js'
import { READY_OPERATIONS } from './ready-operations.js'

const storage = forgetfulStorage()
const wide = window.matchMedia('(min-width: 60rem)').matches

/** GraphiQL with ready operations; the documentation stands open where there is room for it. */
export default function Editor() {
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={storage}
      defaultTabs={READY_OPERATIONS.map((query) => ({ query }))}
      defaultEditorToolsVisibility={false}
      editorTheme={EDITOR_THEME}
      inputValueDeprecation
      shouldPersistHeaders={false}
      showPersistHeadersSettings={false}
      {...(wide && { visiblePlugin: DOC_EXPLORER_PLUGIN })}
    >
      <GraphiQL.Logo>
        <span />
      </GraphiQL.Logo>
      <FollowSystemTheme />
    </GraphiQL>
  )
}
