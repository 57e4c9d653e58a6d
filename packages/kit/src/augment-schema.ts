import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  type StringValueNode,
  type TypeNode,
  visit,
} from 'graphql'
import { requirementOf, requirementWords } from './requirements.js'

const FEDERATION = 'https://specs.apollo.dev/federation/'
const KIT_SPEC = 'https://ashlar.dev/kit/v1.0'

/** Directives of the kit, with their definitions; one that a schema uses is linked and carried into the supergraph. */
const KIT_DIRECTIVES: Record<string, string> = {
  signsIn: '"An expired or ended credential does not fail a request made of such fields alone." directive @signsIn on FIELD_DEFINITION',
  opensSession:
    '"What it answers may be for somebody who has just signed in: below it its services decide who may see what." directive @opensSession on FIELD_DEFINITION',
  perViewer:
    '"What it answers, or of a subscription which events it brings, depends on who asks." directive @perViewer on FIELD_DEFINITION',
  sharedEvents:
    '"Its events may be shared between those who select the same, where nothing in the selection is @perViewer." directive @sharedEvents on FIELD_DEFINITION',
}

/**
 * What a service's schema leaves out because the kit adds it: page sizes and weights for the operation's cost (`@listSize`,
 * `@cost`), the closing words of each description ("Needs a sign-in."), and the links of the directives used.
 */
export function augmentSchema(sdl: string): DocumentNode {
  const kitDirectives = new Set<string>()
  const document = visit(parse(sdl, { noLocation: true }), {
    Directive: (node) => {
      if (node.name.value in KIT_DIRECTIVES) kitDirectives.add(node.name.value)
    },
    FieldDefinition: (field) => withNeeds(withCost(field)),
    ObjectTypeDefinition: { leave: (type: ObjectTypeDefinitionNode) => withNeeds(type) },
  })
  return { ...document, definitions: [...linked(document, kitDirectives).definitions, ...definitionsOf(kitDirectives)] }
}

const definitionsOf = (names: Iterable<string>) =>
  [...names].flatMap((name) => parse(KIT_DIRECTIVES[name] ?? '', { noLocation: true }).definitions)

function linked(document: DocumentNode, kitDirectives: ReadonlySet<string>): DocumentNode {
  const names = [...kitDirectives].map((name) => `@${name}`)
  const additions = names.length
    ? [
        directive(`@link(url: "${KIT_SPEC}", import: ${JSON.stringify(names)})`),
        ...names.map((name) => directive(`@composeDirective(name: "${name}")`)),
      ]
    : []
  const wanted = ['@listSize', '@cost', ...(names.length ? ['@composeDirective'] : [])]
  return visit(document, {
    SchemaExtension: (extension) => ({
      ...extension,
      directives: [...(extension.directives ?? []).map((node) => (linksFederation(node) ? importing(node, wanted) : node)), ...additions],
    }),
  })
}

const linksFederation = (node: ConstDirectiveNode): boolean =>
  node.name.value === 'link' &&
  (node.arguments ?? []).some(({ name, value }) => name.value === 'url' && value.kind === Kind.STRING && value.value.startsWith(FEDERATION))

const importing = (link: ConstDirectiveNode, wanted: readonly string[]): ConstDirectiveNode => ({
  ...link,
  arguments: (link.arguments ?? []).map((argument) => {
    if (argument.name.value !== 'import' || argument.value.kind !== Kind.LIST) return argument
    const present = new Set(argument.value.values.map((value) => (value.kind === Kind.STRING ? value.value : '')))
    const missing = wanted.filter((name) => !present.has(name)).map((value): StringValueNode => ({ kind: Kind.STRING, value }))
    return { ...argument, value: { ...argument.value, values: [...argument.value.values, ...missing] } }
  }),
})

function withCost(field: FieldDefinitionNode): FieldDefinitionNode {
  if (field.name.value === 'totalCount') return add(field, '@cost(weight: 10)')
  const slicing = (field.arguments ?? []).map(({ name }) => name.value).filter((name) => name === 'first' || name === 'last')
  if (!namedType(field.type).endsWith('Connection') || slicing.length === 0 || has(field, 'listSize')) return field
  return add(
    field,
    `@listSize(slicingArguments: ${JSON.stringify(slicing)}, sizedFields: ["nodes", "edges"], assumedSize: 20, requireOneSlicingArgument: false)`,
  )
}

function withNeeds<Node extends FieldDefinitionNode | ObjectTypeDefinitionNode>(node: Node): Node {
  const requirement = requirementOf(node.directives)
  if (!requirement) return node
  const words = requirementWords(requirement)
  const description: StringValueNode = {
    kind: Kind.STRING,
    block: node.description?.block ?? false,
    value: node.description ? `${node.description.value.trimEnd()} ${words}` : words,
  }
  return { ...node, description }
}

const add = (field: FieldDefinitionNode, text: string): FieldDefinitionNode => ({
  ...field,
  directives: [...(field.directives ?? []), directive(text)],
})

const has = (field: FieldDefinitionNode, name: string): boolean => (field.directives ?? []).some((node) => node.name.value === name)

export const namedType = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type))

function directive(text: string): ConstDirectiveNode {
  const [definition] = parse(`extend schema ${text}`, { noLocation: true }).definitions
  const node = definition?.kind === Kind.SCHEMA_EXTENSION ? definition.directives?.[0] : undefined
  if (!node) throw new TypeError(`not a directive: ${text}`)
  return node
}
