// Kysely's builder of queries, without the parts that write, run, or define tables: half its size.

import type {
  CommonTableExpressionNode as CommonTableExpression,
  Kysely,
  KyselyPlugin,
  OperationNodeSource,
  SelectQueryBuilder,
  WithNode as With,
} from 'kysely'
import {
  CommonTableExpressionNameNode,
  CommonTableExpressionNode,
  createQueryId,
  expressionBuilder,
  SelectQueryNode,
  SqliteQueryCompiler,
  WithNode,
} from 'kysely'
import type { ReadonlyQueryCreator } from 'kysely/readonly'
import { SynclineError } from './failure'
import type { Database } from './register'

/** What a query is built with. */
export interface QueryBuilder<DB = Database>
  extends ReadonlyQueryCreator<DB>,
    Pick<Kysely<DB>, 'case' | 'fn'> {}

// biome-ignore lint/suspicious/noExplicitAny: the tables are known to the interface above alone
type Any = any

const expressions = expressionBuilder<Any, never>()

class Builder {
  readonly case = expressions.case
  readonly fn = expressions.fn
  readonly #with: With | undefined

  constructor(withNode?: With) {
    this.#with = withNode
  }

  selectFrom(from: Any): Any {
    return this.#finish(expressions.selectFrom(from))
  }

  selectNoFrom(selection: Any): Any {
    const selected: SelectQueryBuilder<Any, never, unknown> = expressions.selectFrom([] as Any)
    return this.#finish(selected.select(selection)).withPlugin(changed(({ from: _, ...node }) => node))
  }

  with(name: Name, select: Select): Builder {
    return this.#add(name, select, {})
  }

  withRecursive(name: Name, select: Select): Builder {
    return this.#add(name, select, { recursive: true })
  }

  #add(name: Name, select: Select, first: { readonly recursive?: boolean }): Builder {
    const expression = commonTable(name, select)
    return new Builder(
      this.#with === undefined
        ? WithNode.create(expression, first)
        : WithNode.cloneWithExpression(this.#with, expression),
    )
  }

  #finish<Q extends SelectQueryBuilder<Any, Any, Any>>(query: Q): SelectQueryBuilder<Any, Any, Any> {
    const withNode = this.#with
    return withNode === undefined ? query : query.withPlugin(changed((node) => ({ ...node, with: withNode })))
  }
}

/** Changes a query when it is asked what it is: this adds what its builder has no method for. */
function changed(change: (node: SelectQueryNode) => SelectQueryNode): KyselyPlugin {
  return {
    transformQuery: ({ node }) => (SelectQueryNode.is(node) ? change(node) : node),
    transformResult: ({ result }) => Promise.resolve(result),
  }
}

interface CommonTable {
  materialized(): CommonTable
  notMaterialized(): CommonTable
  toOperationNode(): CommonTableExpression
}

type Name = string | ((cte: (text: string) => CommonTable) => CommonTable)
type Select = OperationNodeSource | ((db: Builder) => OperationNodeSource)

function commonTable(name: Name, select: Select): CommonTableExpression {
  const query = (typeof select === 'function' ? select(new Builder()) : select).toOperationNode()
  const named = (text: string): CommonTableExpression =>
    CommonTableExpressionNode.create(tableName(text), query)
  if (typeof name === 'string') return named(name)
  const builder = (node: CommonTableExpression): CommonTable => ({
    materialized: () => builder(CommonTableExpressionNode.cloneWith(node, { materialized: true })),
    notMaterialized: () => builder(CommonTableExpressionNode.cloneWith(node, { materialized: false })),
    toOperationNode: () => node,
  })
  return name((text) => builder(named(text))).toOperationNode()
}

/** `numbers` or `numbers(n, square)`. */
function tableName(text: string): CommonTableExpressionNameNode {
  const [name = '', columns] = text.split(/[()]/)
  return CommonTableExpressionNameNode.create(
    name,
    columns?.split(',').map((column) => column.trim()),
  )
}

export const builder = new Builder() as unknown as QueryBuilder

/** A query as SQL, with its params. Throws where it is none. */
export function compileBuilt(query: OperationNodeSource): {
  readonly sql: string
  readonly parameters: readonly unknown[]
} {
  const node = query.toOperationNode()
  if (!SelectQueryNode.is(node)) {
    throw new SynclineError({ code: 'bad-query', message: 'Queries only select; events write.' })
  }
  return new SqliteQueryCompiler().compileQuery(node, createQueryId())
}
