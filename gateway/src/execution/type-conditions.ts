import { type GraphQLSchema, isAbstractType, isInterfaceType, isObjectType } from 'graphql'

/** Whether what calls itself `typeName` fits `... on condition`. The names may be those of interfaces, where a service knows no more. */
export function fits(schema: GraphQLSchema, typeName: string, condition: string): boolean {
  if (typeName === condition) return true
  const wanted = schema.getType(condition)
  const type = schema.getType(typeName)
  return isAbstractType(wanted) && (isObjectType(type) || isInterfaceType(type)) && schema.isSubType(wanted, type)
}
