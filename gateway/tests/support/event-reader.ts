/** One event as an EventSource would take it. */
export interface ServerEvent {
  readonly id?: string
  readonly event?: string
  readonly data?: string
}

/** Reads an event stream as it comes (HTML, 9.2.6); comments are counted by who asks for them. */
export async function* eventsOf(response: Response, onComment = () => {}): AsyncGenerator<ServerEvent, void, undefined> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n')
      text = text.slice(end + 2)
      if (lines.every((line) => line.startsWith(':'))) onComment()
      else yield Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]))
    }
  }
}
