import type { Logger } from '../log.js'
import type { TracingSettings } from './settings.js'
import type { Tracing } from './trace.js'

export interface ThisProcess {
  /** What it is called where the configuration has no name for it. */
  readonly name: string
  readonly log: Logger
}

/** null where nobody wants traces: what makes them is loaded only here, and takes neither time nor memory from those who do without. */
export async function openTracing(settings: TracingSettings | null, process: ThisProcess): Promise<Tracing | null> {
  if (!settings) return null
  const { otelTracing } = await import('./otel-tracing.js')
  return otelTracing(settings, process)
}
