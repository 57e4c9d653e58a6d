import { AccountMenu } from '../session/account-menu.js'
import { instance } from '../session/instance.js'

const SANDBOX = 'https://studio.apollographql.com'

export function Header() {
  const endpoint = new URL('/graphql', instance.publicUrl).href
  const sandbox = `${SANDBOX}/sandbox/explorer?endpoint=${encodeURIComponent(endpoint)}`
  return (
    <header className="top">
      <a className="wordmark" href="/graphql">
        <Mark />
        <h1>Ashlar</h1>
      </a>
      <code className="endpoint">{endpoint}</code>
      <nav>
        <a
          className="sandbox"
          href={sandbox}
          target="_blank"
          rel="noopener noreferrer"
          title={`Leaves this server. Sandbox calls from ${SANDBOX}, which ALLOWED_CLIENTS has to list.`}
        >
          <span className="wide">Open in Apollo </span>Sandbox
          <svg viewBox="0 0 12 12" aria-hidden="true">
            <path d="M4 2h6v6M10 2 3 9" />
          </svg>
        </a>
        <AccountMenu />
      </nav>
    </header>
  )
}

/** Three courses of cut stone. */
const Mark = () => (
  <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect x="2" y="4" width="17" height="7" rx="1" />
    <rect x="21" y="4" width="9" height="7" rx="1" />
    <rect x="2" y="12.5" width="8" height="7" rx="1" />
    <rect x="12" y="12.5" width="18" height="7" rx="1" />
    <rect x="2" y="21" width="14" height="7" rx="1" />
    <rect x="18" y="21" width="12" height="7" rx="1" />
  </svg>
)
