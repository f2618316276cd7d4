// Reads workflows and action.yml files with GitHub's own parser; prints what it finds wrong.
// Exit status: 0 all accepted, 1 something is wrong.
// setup.sh bundles this file, since the parser imports JSON in a way that Node.js 20 does not know.

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { NoOperationTraceWriter, convertWorkflowTemplate, parseWorkflow } from '@actions/workflow-parser';
import { parseAction } from '@actions/workflow-parser/actions/action-parser';

async function findings(path) {
    const file = { name: path, content: readFileSync(path, 'utf8') };
    const trace = new NoOperationTraceWriter();
    if (/^action\.ya?ml$/.test(basename(path))) {
        return parseAction(file, trace).context.errors.getErrors();
    }
    const parsed = parseWorkflow(file, trace);
    if (parsed.value) {
        const template = await convertWorkflowTemplate(parsed.context, parsed.value);
        return [...parsed.context.errors.getErrors(), ...(template.errors ?? [])];
    }
    return parsed.context.errors.getErrors();
}

async function main() {
    let wrong = 0;
    for (const path of process.argv.slice(2)) {
        const seen = new Set();
        for (const { message, Message } of await findings(path)) {
            const text = `${path}: ${message ?? Message}`;
            if (!seen.has(text)) console.error(text);
            seen.add(text);
        }
        wrong += seen.size;
    }
    console.log(`${process.argv.length - 2} files, ${wrong} findings`);
    process.exit(wrong === 0 ? 0 : 1);
}

main();
