//! What Docker's command line has and this one does not serve: the answer says why, and what to do instead.

const SWARM: &str = "there are no swarms here, a daemon serves one host";
const BUILDKIT: &str = "builds are made by the classic builder, which does not have it";
const CHECKPOINTS: &str = "containers are not checkpointed and restored";
const PLATFORMS: &str = "an image here has one platform";
const WINDOWS: &str = "it is for Windows";

/// Commands, with their reason.
const COMMANDS: &[(&str, &str)] = &[
    ("buildx", "there is one builder: knarr build"),
    ("checkpoint", CHECKPOINTS),
    ("compose", "run docker-compose with DOCKER_HOST set to the daemon's socket"),
    ("config", SWARM),
    ("context", "name the daemon's socket with -H, KNARR_HOST or DOCKER_HOST"),
    ("manifest", "lists of manifests are made by tools such as skopeo, oras or buildah"),
    ("node", SWARM),
    ("plugin", "the daemon has no plugins"),
    ("search", "registries cannot be searched by their common protocol; pull by name"),
    ("secret", SWARM),
    ("service", SWARM),
    ("stack", SWARM),
    ("swarm", SWARM),
    ("trust", "signatures of Docker Content Trust are not checked; pull by digest"),
    ("volume update", SWARM),
];

/// Flags, with the commands that have them and their reason.
const FLAGS: &[(&[&str], &[&str], &str)] = &[
    (RUN, &["cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops", "isolation"], WINDOWS),
    (RUN, &["gpus"], "hand the devices over with --device"),
    (RUN, &["kernel-memory"], "kernels do not limit it by itself any more; use --memory"),
    (RUN, &["link-local-ip"], "addresses come from the network's range"),
    (RUN, &["use-api-socket"], "mount the socket with -v where a container may command the host"),
    (BUILD, &["isolation"], WINDOWS),
    (BUILD, &["squash"], "layers are kept as they are built; export and import make one of them"),
    (
        BUILD,
        &[
            "allow",
            "attest",
            "build-context",
            "builder",
            "cache-to",
            "load",
            "metadata-file",
            "output",
            "provenance",
            "push",
            "sbom",
            "secret",
            "ssh",
        ],
        BUILDKIT,
    ),
    (&["builder prune"], &["keep-storage", "max-used-space", "min-free-space", "reserved-space"], BUILDKIT),
    (&["history", "image history", "image inspect", "image rm", "rmi"], &["platform"], PLATFORMS),
    (&["container start", "start"], &["checkpoint", "checkpoint-dir"], CHECKPOINTS),
    (&["network connect"], &["link-local-ip"], "addresses come from the network's range"),
    (&["network create"], &["config-from", "config-only", "ingress", "scope"], SWARM),
    (
        &["volume create"],
        &[
            "availability",
            "group",
            "limit-bytes",
            "required-bytes",
            "scope",
            "secret",
            "sharing",
            "topology-preferred",
            "topology-required",
            "type",
        ],
        SWARM,
    ),
    (&["volume ls"], &["cluster"], SWARM),
    (&[""], &["context"], "name the daemon's socket with -H, KNARR_HOST or DOCKER_HOST"),
];
const RUN: &[&str] = &["container create", "container run", "create", "run"];
const BUILD: &[&str] = &["build", "builder build", "image build"];

/// Why there is no such command; `path` goes without the program's name.
pub(crate) fn command(path: &str) -> Option<&'static str> {
    COMMANDS.iter().find(|(name, _)| *name == path).map(|(_, reason)| *reason)
}

/// Why a command has no such flag.
pub(crate) fn flag(path: &str, name: &str) -> Option<&'static str> {
    let has = |(paths, names, _): &&(&[&str], &[&str], _)| paths.contains(&path) && names.contains(&name);
    FLAGS.iter().find(has).map(|(_, _, reason)| *reason)
}
