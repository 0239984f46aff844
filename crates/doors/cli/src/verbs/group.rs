//! Commands that only lead to verbs.

/// The verbs of a command, each with the type that reads and runs it: the enum, and running the verb that was asked for.
macro_rules! verbs {
    ($($(#[$attribute:meta])* $verb:ident($arguments:ty),)+) => {
        #[derive(Debug, clap::Subcommand)]
        enum Verb {
            $($(#[$attribute])* $verb($arguments),)+
        }

        impl Verb {
            async fn run(self, client: &$crate::client::Client) -> $crate::error::Result<u8> {
                match self {
                    $(Self::$verb(arguments) => arguments.run(client).await,)+
                }
            }
        }
    };
}

/// [`verbs!`] of the program itself, which are also to be had without their flags: to describe all the flags of all verbs takes longer than
/// most verbs do.
macro_rules! first_verbs {
    ($($first:ident $(- $second:ident)?: $verb:ident($arguments:ty),)+) => {
        $crate::verbs::group::verbs! { $($verb($arguments),)+ }

        impl Verb {
            /// Adds the verbs; the flags of one are described when it is asked for.
            fn names(command: clap::Command) -> clap::Command {
                let verbs = [$(clap::Command::new(concat!(stringify!($first) $(, "-", stringify!($second))?)).defer($crate::pflag::adapted::<$arguments>)),+];
                command.subcommands(verbs)
            }
        }
    };
}

/// A command that only leads to verbs: its description and its verbs.
macro_rules! group {
    ($(#[$about:meta])* verbs { $($verbs:tt)+ }) => {
        $(#[$about])*
        #[derive(Debug, clap::Args)]
        #[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
        #[command(override_usage = "COMMAND")]
        pub(crate) struct Group {
            #[command(subcommand)]
            verb: Verb,
        }

        impl Group {
            pub(crate) async fn run(self, client: &$crate::client::Client) -> $crate::error::Result<u8> {
                self.verb.run(client).await
            }
        }

        $crate::verbs::group::verbs! { $($verbs)+ }
    };
}

pub(crate) use {first_verbs, group, verbs};
