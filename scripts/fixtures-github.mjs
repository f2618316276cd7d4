// Prints a slice of an OpenAPI description: node fixtures-github.mjs FILE. See fixtures-github.sh.

import { readFileSync } from 'node:fs';

// What shmoo calls.
const OPERATIONS = [
    ['/repos/{owner}/{repo}/issues', ['get', 'post']],
    ['/repos/{owner}/{repo}/issues/{issue_number}', ['patch']],
    ['/repos/{owner}/{repo}/issues/{issue_number}/comments', ['get', 'post']],
    ['/repos/{owner}/{repo}/issues/comments/{comment_id}', ['patch']],
    ['/repos/{owner}/{repo}/pulls', ['get']],
    ['/repos/{owner}/{repo}/pulls/{pull_number}', ['get']],
    ['/repos/{owner}/{repo}/commits/{ref}/check-runs', ['get']],
    ['/repos/{owner}/{repo}/check-runs', ['post']],
    ['/repos/{owner}/{repo}/check-runs/{check_run_id}', ['patch']],
];

// What says something about data. Of the rest nothing is kept.
const SCHEMA_KEYS = new Set([
    '$ref', 'type', 'nullable', 'enum', 'format', 'required', 'properties', 'items', 'additionalProperties', 'oneOf', 'anyOf',
    'allOf', 'minLength', 'maxLength', 'minItems', 'maxItems', 'minimum', 'maximum', 'pattern', 'default', 'discriminator',
]);

const whole = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const slice = {
    openapi: whole.openapi,
    info: { title: 'slice', version: whole.info.version },
    servers: [{ url: 'https://api.github.com' }],
    paths: {},
    components: {},
};
const wanted = [];

function schema(node) {
    if (Array.isArray(node)) return node.map(schema);
    if (node === null || typeof node !== 'object') return node;
    const kept = {};
    for (const [key, value] of Object.entries(node)) {
        if (!SCHEMA_KEYS.has(key)) continue;
        if (key === '$ref') kept[key] = reference(value);
        else if (key === 'properties') kept[key] = mapped(value, schema);
        else if (key === 'items' || key === 'additionalProperties') kept[key] = schema(value);
        else if (key === 'oneOf' || key === 'anyOf' || key === 'allOf') kept[key] = value.map(schema);
        else kept[key] = value;
    }
    return kept;
}

function mapped(object, change) {
    return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

function reference(pointer) {
    const [, , kind, name] = pointer.split('/');
    if (!(slice.components[kind]?.[name])) {
        slice.components[kind] ??= {};
        slice.components[kind][name] = true;
        wanted.push([kind, name]);
    }
    return pointer;
}

function content(node) {
    return mapped(node, ({ schema: inner }) => ({ schema: schema(inner) }));
}

function parameter(node) {
    if (node.$ref) return { $ref: reference(node.$ref) };
    const { name, in: place, required } = node;
    return { name, in: place, ...(required && { required }), schema: schema(node.schema) };
}

function response(node) {
    if (node.$ref) return { $ref: reference(node.$ref) };
    // The format asks for a description; which headers there are, is kept.
    const kept = { description: '' };
    if (node.headers) kept.headers = mapped(node.headers, (header) => header.$ref ? { $ref: reference(header.$ref) } : { schema: schema(header.schema) });
    if (node.content) kept.content = content(node.content);
    return kept;
}

function operation(node) {
    const kept = {};
    if (node.parameters) kept.parameters = node.parameters.map(parameter);
    if (node.requestBody) {
        const { required, content: bodies } = node.requestBody;
        kept.requestBody = { ...(required && { required }), content: content(bodies) };
    }
    kept.responses = mapped(node.responses, response);
    return kept;
}

const COMPONENTS = {
    schemas: schema,
    parameters: parameter,
    responses: response,
    headers: (node) => ({ schema: schema(node.schema) }),
};

for (const [path, methods] of OPERATIONS) {
    slice.paths[path] = {};
    for (const method of methods) {
        const found = whole.paths[path]?.[method];
        if (!found) throw new Error(`${method} ${path} is not in the description`);
        slice.paths[path][method] = operation(found);
    }
}
while (wanted.length > 0) {
    const [kind, name] = wanted.pop();
    slice.components[kind][name] = COMPONENTS[kind](whole.components[kind][name]);
}
for (const kind of Object.keys(slice.components)) {
    const sorted = Object.entries(slice.components[kind]).sort(([one], [other]) => (one < other ? -1 : 1));
    slice.components[kind] = Object.fromEntries(sorted);
}

// A line for each path and component: changes can be read.
function lines(object) {
    return '{\n' + Object.entries(object).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',\n') + '\n}';
}
const parts = { ...mapped(slice, JSON.stringify), paths: lines(slice.paths) };
parts.components = '{\n' + Object.entries(slice.components).map(([kind, all]) => `${JSON.stringify(kind)}:${lines(all)}`).join(',\n') + '\n}';
process.stdout.write('{\n' + Object.entries(parts).map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',\n') + '\n}\n');
