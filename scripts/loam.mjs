#!/usr/bin/env node
/** `npm run -s loam -- VERB …`: the command line, built first where it is stale. */
import { pathToFileURL } from 'node:url';
import { commandLine, prepareCommandLine } from './prepare.mjs';

prepareCommandLine();
await import(pathToFileURL(commandLine).href);
