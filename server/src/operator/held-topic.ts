import type { OpenServices } from '@ashlar/database/open-services'
import { eventAt, findHeldTopic, type HeldTopicState, releaseAllTopics, releaseTopic, skipEvent } from '@ashlar/kit/events/consumer-states'
import { StartError, type Terminal } from '@ashlar/kit/process-life'
import { type ConfirmOptions, confirm } from './confirm.js'
import { ownerOf } from './standings.js'
import { plain, timeOf } from './table.js'

type Write = Pick<Terminal, 'write'>

const TAKEN_UP = 'A running process takes it up within 2 s.'

/** Has a topic tried again now. @throws StartError where the consumer, or the topic, is not there */
export async function release(services: OpenServices, [consumer, topic]: readonly [string, string], { write }: Write): Promise<number> {
  const { db } = await ownerOf(services, consumer)
  const position = await releaseTopic(db, consumer, topic)
  if (position === null) throw notHeld(consumer, topic)
  write(`✓ ${plain(consumer)} tries ${plain(topic)} again, from position ${position}. ${TAKEN_UP}\n`)
  return 0
}

/** Has all that a consumer holds back tried again now. @throws StartError where there is no such consumer */
export async function releaseAll(services: OpenServices, consumer: string, { write }: Write): Promise<number> {
  const { db } = await ownerOf(services, consumer)
  const count = await releaseAllTopics(db, consumer)
  write(
    count === 0
      ? `${plain(consumer)} holds back nothing.\n`
      : `✓ ${plain(consumer)} tries ${count === 1 ? '1 topic' : `${count} topics`} again. ${TAKEN_UP}\n`,
  )
  return 0
}

export interface SkipOptions extends ConfirmOptions {
  /** Which event is meant, where that was looked up beforehand. */
  readonly position: number | null
}

/** Leaves out the event that fails, once whoever asks has seen which one that is. @throws StartError where it is another, or none */
export async function skip(
  services: OpenServices,
  [consumer, topic]: readonly [string, string],
  { write }: Write,
  { position: meant, ...asking }: SkipOptions,
): Promise<number> {
  const { db, state } = await ownerOf(services, consumer)
  const held = await findHeldTopic(db, consumer, topic)
  if (!held) throw notHeld(consumer, topic)
  const { position, attempts } = held
  if (meant !== null && meant !== position)
    throw new StartError(`It is at position ${position} that ${topic} waits now, not at ${meant}: nothing was skipped.`)
  if (attempts === 0)
    throw new StartError(
      `${topic} is just being tried again, from position ${position}: nothing was skipped. See whether it fails once more.`,
    )
  const source = services.reached.get(state.source)
  const event = source ? await eventAt(source, position) : null
  write(`${[`${plain(consumer)} holds back ${plain(topic)}:`, ...linesOf(held, event)].join('\n')}\n`)
  if (!(await confirm(`Leave out the event at position ${position}?`, asking))) {
    write('Nothing was skipped.\n')
    return 1
  }
  if (!(await skipEvent(db, consumer, topic, position)))
    throw new StartError(`${topic} has moved on meanwhile: nothing was skipped. Look again where it stands.`)
  write(`✓ ${plain(consumer)} leaves out the event at position ${position} and goes on behind it. ${TAKEN_UP}\n`)
  return 0
}

function linesOf({ position, attempts, failingSince, parkedAt, lastError }: HeldTopicState, event: Awaited<ReturnType<typeof eventAt>>) {
  const what = event ? `, ${plain(event.type)} of ${timeOf(event.at)}: ${plain(JSON.stringify(event.data))}` : ''
  return [
    `  event    at position ${position}${what}`,
    `  failed   ${attempts === 1 ? 'once' : `${attempts} times`} since ${timeOf(failingSince)}${parkedAt ? `, parked ${timeOf(parkedAt)}` : ''}`,
    `  with     ${plain(lastError)}`,
  ]
}

const notHeld = (consumer: string, topic: string): StartError =>
  new StartError(`${consumer} holds back no topic ${JSON.stringify(topic)}: npm run consumers lists those that it does.`)
