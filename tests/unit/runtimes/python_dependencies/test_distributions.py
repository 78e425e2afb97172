"""Which distribution brings a module."""

from __future__ import annotations

import pytest

from headrace.runtimes.python_dependencies.distributions import distribution_of, is_shared


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("requests", "requests"),
        ("wmill", "wmill"),
        ("numpy.linalg", "numpy"),
        ("PIL.Image", "pillow"),
        ("yaml", "pyyaml"),
        ("bs4.BeautifulSoup", "beautifulsoup4"),
        ("dateutil.parser", "python-dateutil"),
        ("dotenv.load_dotenv", "python-dotenv"),
        ("sklearn.svm.SVC", "scikit-learn"),
        ("skimage", "scikit-image"),
        ("cv2", "opencv-python-headless"),
        ("jwt", "pyjwt"),
        ("Crypto.Cipher.AES", "pycryptodome"),
        ("OpenSSL.SSL", "pyopenssl"),
        ("psycopg.rows.dict_row", "psycopg[binary]"),
        ("psycopg2.extras", "psycopg2-binary"),
        ("MySQLdb", "mysqlclient"),
        ("mysql.connector", "mysql-connector-python"),
        ("docx.Document", "python-docx"),
        ("pptx", "python-pptx"),
        ("fitz", "pymupdf"),
        ("git.Repo", "gitpython"),
        ("github.Github", "pygithub"),
        ("serial", "pyserial"),
        ("zmq", "pyzmq"),
        ("attr", "attrs"),
        ("grpc", "grpcio"),
        ("telegram.ext", "python-telegram-bot"),
        ("googleapiclient.discovery", "google-api-python-client"),
        ("pkg_resources", "setuptools"),
    ],
)
def test_the_most_used_are_known(module: str, distribution: str):
    assert distribution_of(module) == distribution


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("google.cloud.storage", "google-cloud-storage"),
        ("google.cloud.bigquery_storage_v1.types", "google-cloud-bigquery-storage"),
        ("google.cloud.pubsub_v1", "google-cloud-pubsub"),
        ("google.cloud.secretmanager", "google-cloud-secret-manager"),
        ("google.cloud.exceptions.NotFound", "google-cloud-core"),
        ("google.protobuf.message", "protobuf"),
        ("google.oauth2.service_account", "google-auth"),
        ("google.auth.transport.requests", "google-auth"),
        ("google.genai", "google-genai"),
        ("azure.identity.DefaultAzureCredential", "azure-identity"),
        ("azure.core.exceptions", "azure-core"),
        ("azure.storage.blob.BlobClient", "azure-storage-blob"),
        ("azure.storage.filedatalake", "azure-storage-file-datalake"),
        ("azure.keyvault.secrets", "azure-keyvault-secrets"),
        ("azure.mgmt.compute", "azure-mgmt-compute"),
        ("ruamel.yaml.YAML", "ruamel.yaml"),
        ("opentelemetry.trace", "opentelemetry-api"),
        ("opentelemetry.sdk.trace", "opentelemetry-sdk"),
        ("airflow.models", "apache-airflow"),
        ("airflow.providers.amazon.aws", "apache-airflow-providers-amazon"),
    ],
)
def test_a_namespace_belongs_to_many_distributions(module: str, distribution: str):
    assert distribution_of(module) == distribution


@pytest.mark.parametrize("module", ["google", "google.cloud", "azure", "azure.mgmt", "_speedups", "café"])
def test_what_no_distribution_brings_asks_for_none(module: str):
    assert distribution_of(module) is None


@pytest.mark.parametrize("module", ["bcrypt", "docker", "msgpack", "asyncssh", "igraph", "jsonfield"])
def test_a_package_that_has_the_name_of_its_module_is_not_replaced_by_a_lookalike(module: str):
    assert distribution_of(module) == module


def test_it_is_known_which_namespaces_are_shared():
    assert is_shared("google.cloud")
    assert is_shared("snowflake")
    assert not is_shared("requests")
