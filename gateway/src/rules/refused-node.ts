import type { Found, WriterNode } from '../execution/writer-nodes.js'

/** A field that is not for whoever asks: null, whatever stands in the data. */
export const REFUSED: WriterNode = {
  write: () => false,
  find: (): Found => 'null',
  step: () => null,
}
