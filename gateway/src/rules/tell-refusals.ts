import { type DataPath, placesOf } from '../execution/data-path.js'
import type { ResponseWriter } from '../execution/response-writer.js'
import type { Run } from '../execution/run.js'
import { refusalFor } from './authorisation.js'

/** Says at each place of the data what was refused there, as a service would that refuses it: FORBIDDEN, or UNAUTHENTICATED to nobody. */
export function tellRefusals(run: Run, writer: ResponseWriter, paths: readonly DataPath[]): void {
  const { message, extensions } = refusalFor(run.asking.identity)
  for (const path of paths) {
    const above = path.slice(0, -1)
    const key = path.at(-1) ?? ''
    run.unanswered(above, [key])
    placesOf(run.data, above, (_, place) => {
      const at = [...place, key]
      return !writer.isRefused(run.data, at) || run.fail({ message, path: at, extensions })
    })
  }
}
