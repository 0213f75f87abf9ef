// The emulator of Cosmos DB, with what it lacks and the store rests on: transactions that are one, partitions that are
// apart, an item that is not there, and an account that reads consistently.
// Usage: node cosmos_emulator.js FOLDER_OF_NODE_MODULES PORT
"use strict";
const [folder, port] = process.argv.slice(2);
const inside = (name) => require(`${folder}/@vercel/cosmosdb-server/lib/${name}`);

const header = (request, name) => request.headers[name];
const partitionOf = (request) => {
  const given = header(request, "x-ms-documentdb-partitionkey");
  return given ? JSON.parse(given)[0] : undefined;
};
const keyOf = (collection) => collection.read().partitionKey.paths[0].slice(1);

const readDocument = inside("handler/read-document");
const asWritten = readDocument.default;
readDocument.default = (account, request, response, names) => {
  const collection = account.database(names.dbId).collection(names.collId);
  if (collection.read() && !collection.document(names.docId, partitionOf(request)).read()) {
    response.statusCode = 404;
    return { code: "NotFound", message: "Entity with the specified id does not exist in the system." };
  }
  return asWritten(account, request, response, names);
};

const readMeta = inside("handler/read-meta");
readMeta.default = (account) => ({ ...account.read(), userConsistencyPolicy: { defaultConsistencyLevel: "Strong" } });

// Only what lies in the partition is there to be asked.
const { default: Items } = inside("account/items");
const query = Items.prototype.query;
Items.prototype.query = function (body, options) {
  if (body.partition === undefined) return query.call(this, body, options);
  const key = keyOf(this._parent);
  const there = [...this._data].filter(([, item]) => item.read()[key] === body.partition);
  return query.call(Object.create(this, { _data: { value: new Map(there) } }), body, options);
};
const json = inside("json");
const read = json.default;
const queryDocuments = inside("handler/query-documents");
const answer = queryDocuments.default;
json.default = async (request) => {
  const body = await read(request);
  const partition = partitionOf(request);
  return body.query && partition !== undefined ? { ...body, partition } : body;
};
queryDocuments.default = (account, request, ...rest) => {
  // The emulator wants the key in the text even when it comes in the header.
  if (partitionOf(request) !== undefined) request.headers["x-ms-documentdb-query-enablecrosspartition"] = "True";
  return answer(account, request, ...rest);
};

const batch = inside("handler/batch-documents");
const eachAlone = batch.default;
batch.default = async (account, request, response, names) => {
  const collection = account.database(names.dbId).collection(names.collId);
  const operations = await read(request);
  const partition = partitionOf(request);
  const refused = (statusCode, message) => {
    response.statusCode = statusCode;
    return { code: "BadRequest", message };
  };
  if (!collection.read()) return refused(404, "Resource Not Found");
  if (operations.length > 100) return refused(400, "Batch request has more operations than what is supported.");
  if (JSON.stringify(operations).length > 2 * 1024 * 1024) return refused(413, "Request size is too large");
  const key = keyOf(collection);
  if (operations.some((one) => one.resourceBody && one.resourceBody[key] !== partition))
    return refused(400, "PartitionKey extracted from document doesn't match the one specified in the header");
  const documents = collection.documents;
  const before = [new Map(documents._data), new Map(documents._index)];
  json.default = async () => operations.map((one) => ({ ...one, partitionKey: JSON.stringify([partition]) }));
  const running = eachAlone(account, request, response, names);
  json.default = withPartition;
  const results = await running;
  if (results.some(({ statusCode }) => statusCode >= 400)) {
    [documents._data, documents._index] = before;
    response.statusCode = 207;
    return results.map(({ statusCode }) => ({ statusCode: statusCode >= 400 ? statusCode : 424, requestCharge: 1 }));
  }
  return results;
};
const withPartition = json.default;

inside("index").createHttpServer({ keepAlive: true }).listen(Number(port), "127.0.0.1");
