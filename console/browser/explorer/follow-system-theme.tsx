import { useGraphiQL, useGraphiQLActions } from '@graphiql/react'
import { useEffect } from 'react'

const dark = window.matchMedia('(prefers-color-scheme: dark)')

/** Has the editors change sides with the system at once, as all around them does; GraphiQL looks only when a theme is chosen. */
export function FollowSystemTheme(): null {
  const theme = useGraphiQL((state) => state.theme)
  const { setTheme } = useGraphiQLActions()
  useEffect(() => {
    if (theme !== null) return
    const follow = () => setTheme(null)
    dark.addEventListener('change', follow)
    return () => dark.removeEventListener('change', follow)
  }, [theme, setTheme])
  return null
}
