/** The one import a policy file needs: the whole language of `@thingwall/policy`, nothing of its own. */
export * from '@thingwall/policy'
