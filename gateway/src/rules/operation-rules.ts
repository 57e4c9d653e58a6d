import type { Asking } from '@ashlar/kit/caller'
import { tooComplex } from '@ashlar/kit/errors'
import { type DocumentNode, GraphQLError, type GraphQLSchema, getOperationAST, type OperationDefinitionNode } from 'graphql'
import { Costs } from '../cost.js'
import type { Limits } from '../limits.js'
import { Authorisation, type Authorised } from './authorisation.js'
import { type CheckDocument, documentChecks } from './check-document.js'
import { checkGivenVariables } from './check-variables.js'
import { compilePageSizes } from './page-sizes.js'

type Variables = Readonly<Record<string, unknown>>

export interface RulesOptions {
  /** As clients see it. */
  readonly schema: GraphQLSchema
  /** With the directives that the services have declared. */
  readonly supergraphSchema: GraphQLSchema
  readonly limits: Limits
  readonly policies: Policies
}

/** Which of these policies (`@policy`) hold for whoever asks. One that throws fails the operation. */
export type Policies = (names: readonly string[], asking: Asking) => Promise<ReadonlySet<string>> | ReadonlySet<string>

const NO_POLICIES: ReadonlySet<string> = new Set()
export const noPolicies: Policies = () => NO_POLICIES

/** What holds for every operation on one version of the graph, before anything of it is planned or runs. */
export class OperationRules {
  /** The document of a text, or what is wrong with it. */
  readonly check: CheckDocument
  private readonly authorisation: Authorisation
  private readonly costs: Costs
  private readonly pages = new WeakMap<OperationDefinitionNode, (variables: Variables) => void>()

  constructor(private readonly options: RulesOptions) {
    const { schema, supergraphSchema, limits } = options
    this.check = documentChecks(schema, limits)
    this.authorisation = new Authorisation({ schema: supergraphSchema })
    this.costs = new Costs({ schema: supergraphSchema, listSize: limits.listSize })
  }

  /**
   * The operation of a checked document that is to run with these variables.
   * @throws OPERATION_RESOLUTION_FAILURE, BAD_USER_INPUT for variables that can't be, TOO_COMPLEX for what is over a bound or the budget
   */
  operation(document: DocumentNode, operationName: string | null, variables: Variables): OperationDefinitionNode {
    const operation = getOperationAST(document, operationName)
    if (!operation) throw unresolved(operationName)
    checkGivenVariables(this.options.schema, operation, variables, this.options.limits)
    this.pagesOf(document, operation)(variables)
    this.checkCost(document, operation, variables)
    return operation
  }

  /** Whether the schema says that it depends on who asks what this operation is answered. */
  asksWho(document: DocumentNode, operation: OperationDefinitionNode): boolean {
    return this.authorisation.asksWho(document, operation)
  }

  /** Whether policies decide what this operation is answered: these are told of more of a request than its answer is known by. */
  asksPolicies(document: DocumentNode, operation: OperationDefinitionNode): boolean {
    return this.authorisation.policiesOf(document, operation).length > 0
  }

  /** What of a checked operation is for whoever asks, as things stand now; policies are asked for once, and all together. */
  async authorise(document: DocumentNode, operation: OperationDefinitionNode, asking: Asking): Promise<Authorised> {
    const names = this.authorisation.policiesOf(document, operation)
    const policies = names.length > 0 ? await this.options.policies(names, asking) : NO_POLICIES
    return this.authorisation.authorise(document, operation, asking.identity, policies)
  }

  private checkCost(document: DocumentNode, operation: OperationDefinitionNode, variables: Variables) {
    const { cost: limit } = this.options.limits
    const cost = this.costs.of(document, operation)(variables)
    if (cost > limit) throw tooComplex({ message: `The operation may cost ${cost}, and at most ${limit}.`, cost, limit })
  }

  private pagesOf(document: DocumentNode, operation: OperationDefinitionNode): (variables: Variables) => void {
    const { supergraphSchema, limits } = this.options
    const pages = this.pages.get(operation) ?? compilePageSizes(supergraphSchema, document, operation, limits.pageSize)
    this.pages.set(operation, pages)
    return pages
  }
}

const unresolved = (operationName: string | null) =>
  new GraphQLError(operationName ? `Unknown operation named "${operationName}".` : 'Must provide an operation name.', {
    extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
  })
