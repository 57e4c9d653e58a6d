import { createLog, type Logger } from '@ashlar/kit/log'

/** A log whose lines a test can look through. */
export interface RecordingLog extends Logger {
  written(): string
}

export function recordingLog(): RecordingLog {
  const lines: string[] = []
  const log = createLog('debug', { write: (line: string) => void lines.push(line) })
  return Object.assign(log, { written: () => lines.join('') })
}
