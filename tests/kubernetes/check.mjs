// Reads a list of objects as JSON, and writes a list of what their published types object to, one text for each object.
import { readFileSync } from "node:fs";

const OPERATOR = "monitoring.coreos.com/";

async function objection({ apiVersion, kind, ...rest }) {
  const project = apiVersion.startsWith(OPERATOR) ? "@kubernetes-models/prometheus-operator" : "kubernetes-models";
  const model = (await import(`${project}/${apiVersion}/${kind}`))[kind];
  try {
    new model({ apiVersion, kind, ...rest }).validate();
    return "";
  } catch (error) {
    return error.message;
  }
}

const objects = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await Promise.all(objects.map(objection))));
