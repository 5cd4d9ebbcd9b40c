// Drives every operation of StackOne's own SDK against a server and prints one line of JSON for each.
//
// The SDK checks every answer against its schemas, so a line that is not `ok` says what a caller would have met.
// Usage: node stackone.mjs '{"serverURL": "…", "key": "…", "accountId": "…", "linkedAccountId": "…", "userId": "…"}'

import { StackOne } from "@stackone/stackone-client-ts";

const { serverURL, key, accountId, linkedAccountId, userId } = JSON.parse(process.argv[2]);
const client = new StackOne({ serverURL, security: { username: key, password: "" }, retryConfig: { strategy: "none" } });
const { lms, accounts, connectors, proxy } = client;
const xAccountId = accountId;
const SINCE = new Date("2020-01-01T00:00:00Z");
const PROXY = { a: "b", nested: { c: 1 } };
const READ = { xAccountId, raw: true, proxy: PROXY };
const PAGES_MAX = 50;

let failures = 0;

async function run(operation, call, expected = undefined) {
  const line = { operation, ok: true };
  let answer;
  try {
    answer = await call();
    Object.assign(line, { ok: expected === undefined, ...answer.told });
  } catch (error) {
    const issues = error.cause?.issues ?? error.cause?.message ?? null;
    const isExpected = expected !== undefined && error.constructor.name === expected;
    Object.assign(line, { ok: isExpected, error: error.constructor.name, message: error.message, issues });
  }
  if (!line.ok) failures += 1;
  console.log(JSON.stringify(line));
  return answer?.value;
}

async function one(operation, call, member) {
  return run(operation, async () => {
    const answer = await call();
    const value = answer[member];
    if (value === undefined) throw new Error(`the answer has no ${member}`);
    return { value, told: { status: answer.statusCode } };
  });
}

async function pages(operation, call, member) {
  return run(operation, async () => {
    const rows = [];
    let count = 0;
    for await (const page of await call()) {
      rows.push(...page[member].data);
      count += 1;
      if (count > PAGES_MAX) throw new Error("the list does not end");
    }
    return { value: rows, told: { pages: count, rows: rows.length } };
  });
}

// What is written first, so that there is something to read.
const content = {
  externalReference: "sdk/1 ä",
  title: "Ladders",
  description: "Up and down",
  contentUrl: "https://example.com/ladders",
  contentType: { value: "video" },
  languages: [{ value: "en_GB" }],
  categories: [{ name: "Safety", language: { value: "en_GB" } }],
  skills: [{ name: "Climbing" }],
  localizations: [{ title: "Leitern", description: "Auf und ab", language: { value: "de_DE" } }],
  tags: ["tall"],
  additionalData: [{ id: "level", value: "basic" }],
  authors: [{ id: "a", name: "Ada" }],
  duration: "PT30M",
  order: 1,
  active: true,
  unifiedCustomFields: { project: "x" },
};
const upserted = await one("upsertContent", () =>
  lms.upsertContent({ xAccountId, lmsUpsertContentRequestDto: content }), "upsertResult");
await one("batchUpsertContent", () =>
  lms.batchUpsertContent({
    xAccountId,
    lmsBatchUpsertContentRequestDto: {
      items: [2, 3, 4].map((n) => ({ ...content, externalReference: `sdk/${n}`, title: `Ladders ${n}` })),
    },
  }), "batchResultApiModel");
await one("updateContent", () =>
  lms.updateContent({
    xAccountId,
    id: upserted?.data?.id ?? "",
    lmsCreateContentRequestDto: { ...content, title: "Ladders and steps" },
  }), "updateResult");
const assigned = await one("createUserAssignment", () =>
  lms.createUserAssignment({
    xAccountId,
    id: userId,
    lmsCreateAssignmentRequestDto: {
      learningObjectExternalReference: "FIRE-101",
      progress: 40,
      dueDate: new Date("2040-07-21T14:00:00.000Z"),
      status: { value: "in_progress" },
      passthrough: { anything: 1 },
    },
  }), "createResult");
const completion = {
  learningObjectExternalReference: "FIRE-101",
  result: { value: "Pass" },
  completedAt: new Date("2021-07-21T14:00:00.000Z"),
  timeSpent: "PT1H30M45S",
  score: { percentage: 87, rawValue: "87 / 100" },
  passthrough: { anything: 1 },
};
const completed = await one("createUserCompletion", () =>
  lms.createUserCompletion({ xAccountId, id: userId, lmsCreateCompletionRequestDto: completion }), "createResult");
const doomed = await one("createUserCompletion", () =>
  lms.createUserCompletion({
    xAccountId,
    id: userId,
    lmsCreateCompletionRequestDto: { ...completion, completedAt: new Date("2021-07-22T14:00:00.000Z") },
  }), "createResult");

// Every list, by pages of one, with every filter in the spelling the SDK has for it.
const LIST = { ...READ, pageSize: "1" };
const changed = { filter: { updatedAfter: SINCE } };
const users = await pages("listUsers", () => lms.listUsers({ ...LIST, ...changed }), "usersPaginated");
await pages("listUsers", () => lms.listUsers({ ...LIST, filter: { email: "ADA@example.com" } }), "usersPaginated");
const courses = await pages("listCourses", () =>
  lms.listCourses({ ...LIST, filter: { updatedAfter: SINCE, active: true } }), "coursePaginated");
const contents = await pages("listContent", () =>
  lms.listContent({ ...LIST, filter: { updatedAfter: SINCE, active: true } }), "contentPaginated");
const categories = await pages("listCategories", () =>
  lms.listCategories({ ...LIST, ...changed }), "categoriesPaginated");
const skills = await pages("listSkills", () => lms.listSkills({ ...LIST, ...changed }), "skillsPaginated");
await pages("listAssignments", () =>
  lms.listAssignments({ ...LIST, filter: { updatedAfter: SINCE, status: "completed" }, userId }),
"assignmentsPaginated");
await pages("listCompletions", () => lms.listCompletions({ ...LIST, ...changed }), "completionsPaginated");
await pages("listUserAssignments", () =>
  lms.listUserAssignments({ ...LIST, id: userId, ...changed }), "assignmentsPaginated");
await pages("listUserCompletions", () =>
  lms.listUserCompletions({ ...LIST, id: userId, ...changed }), "completionsPaginated");

const subject = (rows) => ({ ...READ, id: rows?.[0]?.id ?? "none" });
const ofUser = (result) => ({ ...READ, id: userId, subResourceId: result?.data?.id ?? "none" });
await one("getUser", () => lms.getUser({ ...subject(users), fields: "id,name" }), "userResult");
await one("getCourse", () => lms.getCourse(subject(courses)), "courseResult");
await one("getContent", () => lms.getContent(subject(contents)), "contentResult");
await one("getCategory", () => lms.getCategory(subject(categories)), "categoryResult");
await one("getSkill", () => lms.getSkill(subject(skills)), "skillResult");
await one("getAssignment", () => lms.getAssignment({ ...READ, id: assigned?.data?.id ?? "none" }), "assignmentResult");
await one("getCompletion", () => lms.getCompletion({ ...READ, id: completed?.data?.id ?? "none" }), "completionResult");
await one("getUserAssignment", () => lms.getUserAssignment(ofUser(assigned)), "assignmentResult");
await one("getUserCompletion", () => lms.getUserCompletion(ofUser(completed)), "completionResult");
await one("deleteUserCompletion", () => lms.deleteUserCompletion(ofUser(doomed)), "deleteResult");

await run("listLinkedAccounts", async () => {
  const answer = await accounts.listLinkedAccounts({ page: 1, pageSize: 25, status: ["active", "error"] });
  return { told: { status: answer.statusCode, rows: answer.classes.length } };
});
await one("getAccount", () => accounts.getAccount({ id: accountId }), "linkedAccount");
await one("getAccountMetaInfo", () => accounts.getAccountMetaInfo({ id: accountId }), "linkedAccountMeta");
await one("updateAccount", () =>
  accounts.updateAccount({
    id: accountId,
    patchAccountExternalDto: { originOwnerId: "acme", originUsername: "ada", type: "test", metadata: {}, label: {} },
  }), "linkedAccount");
await one("deleteAccount", () => accounts.deleteAccount({ id: linkedAccountId }), "linkedAccount");

// Errors must be the typed ones, which only the exact envelope gives.
const proxied = { xAccountId, proxyRequestBody: { path: "/x" } };
await run("listConnectorsMeta", () => connectors.listConnectorsMeta({}), "NotImplementedResponse");
await run("getConnectorMeta", () => connectors.getConnectorMeta({ provider: "x" }), "NotImplementedResponse");
await run("proxyRequest", () => proxy.proxyRequest(proxied), "NotImplementedResponse");
await run("unknown record", () => lms.getCompletion({ xAccountId, id: "none" }), "NotFoundResponse");
await run("unknown account", () => lms.listUsers({ xAccountId: "none" }), "NotFoundResponse");
await run("bad cursor", () => lms.listUsers({ xAccountId, next: "x" }), "BadRequestResponse");
await run("bad enumeration", () =>
  lms.createUserCompletion({
    xAccountId,
    id: userId,
    lmsCreateCompletionRequestDto: { ...completion, result: { value: "Maybe" } },
  }), "UnprocessableEntityResponse");
await run("conflict", () =>
  lms.createUserAssignment({
    xAccountId,
    id: userId,
    lmsCreateAssignmentRequestDto: { learningObjectExternalReference: "FIRE-101", progress: 1 },
  }), "ConflictResponse");
const stranger = new StackOne({
  serverURL,
  security: { username: "wrong", password: "" },
  retryConfig: { strategy: "none" },
});
await run("wrong key", () => stranger.lms.listUsers({ xAccountId }), "UnauthorizedResponse");

process.exit(failures ? 1 : 0);
