import { connect } from 'node:net'
import { Line } from '@ashlar/kit/testing/line'
import { freePort } from '@ashlar/kit/testing/nats-server'
import type { ProcessOptions } from '@ashlar/server/distributed/managed-process'
import { startNats } from '@ashlar/server/distributed/nats'
import type { Closing, Target } from './house.js'
import { NatsLosses } from './nats-filter.js'

/** A way to NATS, and what is lost on it. */
export interface BusLine {
  readonly line: Line
  readonly losses: NatsLosses
  readonly url: string
}

export interface HouseBus {
  readonly target: Target
  line(): Promise<BusLine>
}

/** The NATS server of a house, with a line of its own for whoever asks for one. */
export async function startBus(dataDir: string, closing: Closing, told: Pick<ProcessOptions, 'onLine' | 'onNews'>): Promise<HouseBus> {
  const port = await freePort()
  const nats = await startNats(dataDir, port, told)
  closing.add(() => nats.process.stop())
  return {
    target: { name: 'nats', pid: () => nats.process.pid, answers: () => accepts(port) },
    async line() {
      const losses = new NatsLosses()
      const line = await Line.open({ host: '127.0.0.1', port }, { answers: losses.filter })
      closing.add(() => line.close())
      const url = new URL(nats.url)
      url.port = String(line.port)
      return { line, losses, url: url.href }
    },
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false)).once('connect', () => resolve(true))
    socket.once('connect', () => socket.destroy())
  })
