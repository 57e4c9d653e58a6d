export type Streaming = 'EVENT_STREAM' | 'MULTIPART'

/** As what a client would have an answer that goes on, by its `Accept`: the first that is known; null where it wants none. */
export function streamingIn(accept: string): Streaming | null {
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    if (type === 'text/event-stream') return 'EVENT_STREAM'
    if (type === 'multipart/mixed' && parameters.some((parameter) => /^subscriptionspec\s*=\s*"?1\.0"?$/.test(parameter)))
      return 'MULTIPART'
  }
  return null
}
