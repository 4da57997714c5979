import { readFileSync } from 'node:fs'
import {
  createFileRegistry,
  type DescField,
  type DescMessage,
  equals,
  fromBinary,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  ScalarType,
} from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'

const descriptors = readFileSync(new URL('../fixtures/otlp/metrics.binpb', import.meta.url))
const request: DescMessage = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors)).getMessage(
  'opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest',
)!

/** Lists without which a request says nothing. So no sender has a reason to send them empty. */
const ENVELOPES = new Set(['resourceMetrics', 'scopeMetrics', 'metrics', 'dataPoints'])

const INTEGERS_64: Set<ScalarType | undefined> = new Set([
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
])

/**
 * Decodes the JSON form of a metrics request, or throws a sentence that names the field. Stricter than any receiver:
 * unknown keys are refused, and so is what protobuf's JSON allows and OTLP's does not.
 */
export function strictDecode(json: unknown): Message {
  const message = fromJson(request, json as JsonValue, { ignoreUnknownFields: false })
  // It was decoded, so objects and lists are where the schema has them. What is left is how values are written.
  refuseLoose(request, json as JsonObject, 'request')
  return message
}

/** Decodes the protobuf form of a metrics request, e.g. what `ProtobufMetricsSerializer` makes. */
export function decodeBinary(bytes: Uint8Array): Message {
  return fromBinary(request, bytes)
}

/** Whether two requests are equal. An absent field equals one that has its default value. */
export function same(a: Message, b: Message): boolean {
  return equals(request, a, b)
}

function refuseLoose(message: DescMessage, json: JsonObject, path: string): void {
  for (const { jsonName } of message.fields) {
    if (!ENVELOPES.has(jsonName)) continue
    const list = json[jsonName]
    if (!Array.isArray(list) || list.length === 0) throw new Error(`${path}.${jsonName}: empty envelope`)
  }
  for (const [key, value] of Object.entries(json)) {
    const field = message.fields.find(({ jsonName }) => jsonName === key)
    if (!field) throw new Error(`${path}.${key}: keys are lowerCamelCase`)
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) refuseLooseValue(field, item, `${path}.${key}[${index}]`)
    } else {
      refuseLooseValue(field, value, `${path}.${key}`)
    }
  }
}

function refuseLooseValue(field: DescField, value: JsonValue, path: string): void {
  if (value === null) throw new Error(`${path}: null, where an absent field is meant`)
  if (field.message) refuseLoose(field.message, value as JsonObject, path)
  if (field.enum && typeof value !== 'number') throw new Error(`${path}: enums are integers, not names`)
  // A number in JSON has lost its form and, above 2^53, its digits: 1e3 cannot be told from 1000.
  if (INTEGERS_64.has(field.scalar) && !/^(0|-?[1-9][0-9]*)$/.test(typeof value === 'string' ? value : '')) {
    throw new Error(`${path}: 64-bit integers are strings of decimal digits`)
  }
}
