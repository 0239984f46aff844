//! `POST /containers/create`.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use super::{Config, HostConfig};
use crate::fold::{fields, fold, take};
use crate::network::NetworkingConfig;
use crate::wire::wire;

/// The request: [`Config`] with two more members. Keys of all three match in any case.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CreateRequest {
    /// The portable part.
    #[serde(flatten)]
    pub config: Config,
    /// What the host does for it.
    #[serde(rename = "HostConfig")]
    pub host_config: HostConfig,
    /// The networks it joins.
    #[serde(rename = "NetworkingConfig")]
    pub networking_config: NetworkingConfig,
}

impl<'de> Deserialize<'de> for CreateRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Map::<String, Value>::deserialize(deserializer)?;
        fold(&mut map, &["HostConfig", "NetworkingConfig"]);
        fold(&mut map, fields::<Config>());
        Ok(Self {
            host_config: take(&mut map, "HostConfig")?,
            networking_config: take(&mut map, "NetworkingConfig")?,
            config: Config::deserialize(Value::Object(map)).map_err(de::Error::custom)?,
        })
    }
}

wire! {
    /// The answer, 201.
    #[serde(rename_all = "PascalCase")]
    pub struct CreateResponse {
        /// The new container.
        pub id: String,
        /// What the user should know.
        pub warnings: Vec<String>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn create_reads_what_clients_send() {
        let text = br#"{"image":"a","Cmd":"true","Env":null,"ExposedPorts":{"80/tcp":{}},"Future":[1],
            "hostconfig":{"nanocpus":5,"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"}]},"Binds":null},
            "NetworkingConfig":{"EndpointsConfig":null}}"#;
        let request: CreateRequest = crate::from_slice(text).unwrap();
        assert_eq!(request.config.image, "a");
        assert_eq!(request.config.cmd.unwrap().0, ["true"]);
        assert_eq!(request.host_config.nano_cpus, 5);
        assert_eq!(request.host_config.port_bindings["80/tcp"].as_ref().unwrap()[0].host_port, "8080");
    }

    #[test]
    fn a_wrong_type_is_named() {
        let error = crate::from_slice::<CreateRequest>(br#"{"HostConfig":{"Memory":"many"}}"#).unwrap_err();
        assert!(error.to_string().contains("HostConfig"), "{error}");
    }

    #[test]
    fn what_is_written_reads_again() {
        let mut request = CreateRequest::default();
        request.config.image = "debian".into();
        request.host_config.memory = 7;
        let text = serde_json::to_vec(&request).unwrap();
        assert_eq!(crate::from_slice::<CreateRequest>(&text).unwrap(), request);
    }
}
