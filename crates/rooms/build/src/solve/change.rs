//! Changes of a configuration outside a build: `commit --change` and `import --change`.

use std::collections::BTreeMap;

use knarr_model::Platform;
use knarr_model::oci::RunConfig;

use super::lower::Scope;
use crate::error::{Place, Result};
use crate::plan::BuildArgs;
use crate::syntax::{Instruction, parse_trigger};

/// What errors call the text that the instructions stand in.
const NAME: &str = "--change";

/// The configuration behind Dockerfile instructions that change nothing else: `CMD`, `ENTRYPOINT`, `ENV`, `EXPOSE`,
/// `HEALTHCHECK`, `LABEL`, `ONBUILD`, `STOPSIGNAL`, `USER`, `VOLUME`, `WORKDIR`.
pub fn change(config: RunConfig, instructions: &[String]) -> Result<RunConfig> {
    let mut args = BuildArgs::new(BTreeMap::new(), &Platform::host());
    let stages = BTreeMap::new();
    let mut scope =
        Scope { args: &mut args, stage_args: BTreeMap::new(), config, cmd_set: false, escape: '\\', stages: &stages };
    for text in instructions {
        let step = parse_trigger(NAME, text)?;
        let place = Place { file: NAME.to_owned(), at: step.at };
        if !is_configuration(&step.instruction) {
            let word = text.split_whitespace().next().unwrap_or_default();
            return Err(place.value(format!("{word} is not a valid change command")));
        }
        scope.config = scope.lower(&step, &place)?.config;
    }
    Ok(scope.config)
}

fn is_configuration(instruction: &Instruction) -> bool {
    matches!(
        instruction,
        Instruction::Cmd(_)
            | Instruction::Entrypoint(_)
            | Instruction::Env(_)
            | Instruction::Expose(_)
            | Instruction::Healthcheck(_)
            | Instruction::Label(_)
            | Instruction::OnBuild(_)
            | Instruction::StopSignal(_)
            | Instruction::User(_)
            | Instruction::Volume(_)
            | Instruction::Workdir(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_change_the_configuration() {
        let changes = ["CMD [\"a\", \"b\"]", "ENV x=1 y=2", "EXPOSE 80", "WORKDIR /srv"].map(str::to_owned);
        let config = change(RunConfig::default(), &changes).unwrap();
        assert_eq!(config.cmd, Some(vec!["a".into(), "b".into()]));
        assert_eq!((config.env.len(), config.working_dir.as_str()), (2, "/srv"));
        assert!(config.exposed_ports.contains_key("80/tcp"));
    }

    #[test]
    fn what_touches_files_is_refused() {
        for bad in ["RUN true", "COPY a b", "NONSENSE", "", "FROM x"] {
            assert!(change(RunConfig::default(), &[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
