// Write JSON Schemas of TypeScript types: [{source, type, target}, ...] is read from standard input.
import { readFileSync, writeFileSync } from "node:fs";
import { createGenerator } from "ts-json-schema-generator";

for (const { source, type, target } of JSON.parse(readFileSync(0, "utf8"))) {
  const schema = createGenerator({ path: source, type, skipTypeCheck: true }).createSchema(type);
  writeFileSync(target, JSON.stringify(schema));
}
