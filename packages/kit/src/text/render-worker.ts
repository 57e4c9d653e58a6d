import { parentPort } from 'node:worker_threads'
import type { WorkerMessage } from '../worker-lane.js'
import { type Rendered, render } from './render.js'

const answer = ({ id, request }: { id: number; request: string }): WorkerMessage<Rendered> => {
  try {
    return { id, result: render(request) }
  } catch (error) {
    return { id, fault: String(error) }
  }
}

parentPort?.on('message', (message) => parentPort?.postMessage(answer(message)))
parentPort?.postMessage({ ready: true } satisfies WorkerMessage<Rendered>)
