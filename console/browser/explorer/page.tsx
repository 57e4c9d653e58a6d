import { lazy, Suspense } from 'react'
import { Header } from './header.js'

// By far the larger part; the page stands and says who is signed in before it is here.
const Editor = lazy(() => import('./editor.js'))

export function Page() {
  return (
    <>
      <Header />
      <main>
        <Suspense fallback={<p className="loading">Loading the editor …</p>}>
          <Editor />
        </Suspense>
      </main>
    </>
  )
}
