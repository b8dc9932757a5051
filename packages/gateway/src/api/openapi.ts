/** The OpenAPI 3.1 document of the local API, from its routes. */
import { type Route, routes } from './routes.ts'
import { failure, type Schema } from './schemas.ts'

const ANSWERS = { '400': 'The request is not understood', '404': 'There is no such thing' } as const

export function openapi(): Schema {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Thingwall gateway',
      version: '1',
      description: 'One gateway, over its unix socket; over TCP only where asked for, with a token.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{}, { token: [] }],
    paths: Object.fromEntries(
      Object.entries(routes).map(([name, route]) => [pathOf(route), pathItem(name, route)]),
    ),
    components: {
      schemas: { failure },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'Over TCP only' } },
    },
  }
}

function pathOf({ path }: Route): string {
  return path.replace(/:(\w+)/g, '{$1}')
}

function pathItem(name: string, { summary, query, params, answer }: Route): Schema {
  return {
    get: {
      operationId: name,
      summary,
      parameters: [...parametersOf('path', params), ...parametersOf('query', query)],
      responses: {
        '200': { description: 'As asked', content: { [answer.type]: { schema: answer.schema } } },
        ...Object.fromEntries(
          Object.entries(ANSWERS).map(([status, description]) => [
            status,
            {
              description,
              content: { 'application/json': { schema: { $ref: '#/components/schemas/failure' } } },
            },
          ]),
        ),
      },
    },
  }
}

function parametersOf(place: 'path' | 'query', given: Schema | undefined): readonly Schema[] {
  const properties = (given?.properties ?? {}) as Readonly<Record<string, Schema>>
  const required = (given?.required ?? []) as readonly string[]
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
  }))
}
