import type { AshlarError } from '@ashlar/kit/errors'
import { type GraphQLFormattedError, type GraphQLSchema, isInterfaceType } from 'graphql'
import type { Answer } from '../data-sources/source.js'
import { placesOf, type ResponsePath } from './data-path.js'
import type { EntitiesName, FetchDocument } from './fetch-document.js'
import type { Wanted } from './fetch-group.js'
import { isObject } from './json-text.js'
import { merge, mergeIntoAll } from './merge.js'
import { renamedPath, rewrite } from './rewrites.js'
import type { Run } from './run.js'

type Data = Record<string, unknown>

/** Puts what came into the data. @throws Error for an answer that is not what was asked for */
export function takeAnswer(schema: GraphQLSchema, run: Run, wanted: Wanted, name: EntitiesName | null, { data, errors }: Answer): void {
  const { cluster, entities } = wanted
  if (!data || entities.size === 0) return
  const { outputRewrites = [] } = cluster.fetch.node
  const isInterface = (typeName: unknown) => typeof typeName === 'string' && isInterfaceType(schema.getType(typeName))
  if (!name) {
    rewrite(schema, outputRewrites, data)
    run.found.forget()
    for (const places of entities.values()) for (const objects of places) for (const object of objects) merge(object, data, { isInterface })
    return
  }
  const found = data[name.key]
  if ((found === null || found === undefined) && errors.length > 0) return
  if (!Array.isArray(found) || found.length !== entities.size) throw new Error(`did not answer ${entities.size} entities`)
  let at = 0
  for (const places of entities.values()) {
    const entity: unknown = found[at]
    at += 1
    if (entity === null) continue
    if (!isObject(entity)) throw new Error('answered an entity that is no object')
    if (outputRewrites.length > 0) rewrite(schema, outputRewrites, entity)
    const targets = allOf(places)
    if (cluster.apart) {
      run.found.forget()
      for (const [position, target] of targets.entries()) merge(target, position === 0 ? entity : structuredClone(entity), { isInterface })
      continue
    }
    const came = (value: object) => {
      run.found.forget()
      if (targets.length > 1) run.entities.share(value)
    }
    mergeIntoAll(targets, entity, { isInterface, came })
  }
}

function allOf(places: readonly ReadonlySet<Data>[]): readonly Data[] {
  const all: Data[] = []
  for (const objects of places) for (const object of objects) all.push(object)
  return all
}

export interface Told {
  readonly service: string
  readonly error: GraphQLFormattedError
}

/** An error of a service, at every place of the answer that it is about. */
export function tellError(run: Run, wanted: readonly Wanted[], document: FetchDocument, { service, error }: Told): void {
  const { message, path: given = [] } = error
  // Codes mean something else where they come from a service: who tells the client has to know.
  const extensions = { ...error.extensions, serviceName: service }
  const [first, at] = given
  const index = wanted.findIndex(({ cluster }, position) => {
    const name = document.entities[position]
    return name ? name.key === first : cluster.fetch.keys.includes(String(first))
  })
  const about = wanted[index]
  const isOfEntity = about !== undefined && document.entities[index] !== null
  const path = renamedPath(about?.cluster.fetch.node.outputRewrites ?? [], isOfEntity ? given.slice(2) : given)
  const places =
    about && (!isOfEntity ? [...about.entities.values()][0] : typeof at === 'number' ? [...about.entities.values()][at] : undefined)
  if (!about || !places) {
    // It says of nothing what it is about: of all that was asked.
    for (const each of about ? [about] : wanted) failAll(run, each, { message, extensions })
    return
  }
  for (const [position, objects] of places.entries()) {
    const member = about.cluster.members[position]
    if (member?.path.length === 0) run.fail({ message, path, extensions }, { ofField: true })
    else if (member && objects.size > 0)
      placesOf(run.data, member.path, (object, place) =>
        objects.has(object) ? run.fail({ message, path: [...place, ...path], extensions }, { ofField: path.length > 0 }) : true,
      )
  }
}

/** A service that did not answer, or not what it was asked. */
export const explainFailure = (run: Run, wanted: Wanted, { message, extensions }: AshlarError): void =>
  failAll(run, wanted, { message, extensions })

/**
 * Tells of each root field; of entities the first field of the first one stands for all, so that one service that is down is one error.
 */
function failAll(run: Run, { cluster, entities }: Wanted, error: GraphQLFormattedError): void {
  if (entities.size === 0) return
  const { keys } = cluster.fetch
  for (const { path } of cluster.members) run.unanswered(path, keys)
  for (const { path } of cluster.members) {
    if (path.length === 0 && !cluster.fetch.node.requires) {
      for (const key of keys) run.fail({ ...error, path: [key] }, { ofRoot: cluster.fetch })
      return
    }
    let first: ResponsePath | null = null
    placesOf(run.data, path, (_, place) => {
      first = [...place, ...keys.slice(0, 1)]
      return false
    })
    if (first) {
      run.fail({ ...error, path: first })
      return
    }
  }
}
