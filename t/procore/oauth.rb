# The login host: Doorkeeper, set up to answer as Procore's does.

require "base64"
require "json"
require "securerandom"

module Procore
  # Access tokens look like JSON web tokens; clients take them as opaque.
  module TokenGenerator
    SIGNATURE_BYTES = 132    # ES512
    FILLER_BYTES = 200       # together a token of about 800 bytes

    def self.generate(options = {})
      now = Time.now.to_i
      parts = [
        { "typ" => "JWT", "alg" => "ES512" },
        { "amr" => [], "aud" => options[:application]&.uid,
          "exp" => now + Oauth::ACCESS_TOKEN_SECONDS, "iat" => now,
          "uid" => options[:resource_owner_id],
          "jti" => SecureRandom.urlsafe_base64(FILLER_BYTES) }
      ].map { |part| encode(JSON.generate(part)) }
      parts << encode(SecureRandom.bytes(SIGNATURE_BYTES))
      parts.join(".")
    end

    def self.encode(bytes)
      Base64.urlsafe_encode64(bytes, padding: false)
    end
  end

  module Oauth
    ACCESS_TOKEN_SECONDS = 5400
    CODE_SECONDS = 600

    # Who logs in: the first user, unless the test says otherwise.
    LOGIN = "login_as"

    module_function

    def configure(world)
      Doorkeeper.configure do
        orm :active_record
        resource_owner_authenticator do
          id = params[LOGIN] || cookies[LOGIN]
          user = id ? world.users[id.to_i] : world.users.values.first
          user || render(plain: "no such user", status: :forbidden)
        end
        skip_authorization { true }
        default_scopes :api      # Doorkeeper wants one; Procore shows none
        grant_flows %w[authorization_code client_credentials implicit]
        use_refresh_token
        access_token_expires_in ACCESS_TOKEN_SECONDS
        authorization_code_expires_in CODE_SECONDS
        access_token_generator "Procore::TokenGenerator"
        default_generator_method :hex
        force_ssl_in_redirect_uri false
        base_controller "ActionController::Base"
      end
    end

    # Doorkeeper's option reuse_access_token: a user's living token of an app
    # is handed out again instead of a new one. It is read at each request.
    def reuse_tokens(reuse)
      Doorkeeper.config.instance_variable_set(:@reuse_access_token, reuse)
    end

    # Refresh tokens die when they are used, not when the new access token
    # is: there is no column previous_refresh_token.
    def create_tables
      ActiveRecord::Schema.verbose = false
      ActiveRecord::Schema.define do
        create_table :oauth_applications do |t|
          t.string :name, :uid, :secret, null: false
          t.text :redirect_uri, null: false
          t.string :scopes, null: false, default: ""
          t.boolean :confidential, null: false, default: true
          t.timestamps null: false
        end
        add_index :oauth_applications, :uid, unique: true

        create_table :oauth_access_grants do |t|
          t.integer :resource_owner_id, :application_id, null: false
          t.string :token, null: false
          t.integer :expires_in, null: false
          t.text :redirect_uri, null: false
          t.string :code_challenge, :code_challenge_method
          t.datetime :created_at, null: false
          t.datetime :revoked_at
          t.string :scopes, null: false, default: ""
        end
        add_index :oauth_access_grants, :token, unique: true

        create_table :oauth_access_tokens do |t|
          t.integer :resource_owner_id, :application_id
          t.text :token, null: false
          t.string :refresh_token
          t.integer :expires_in
          t.datetime :revoked_at
          t.datetime :created_at, null: false
          t.string :scopes
        end
        add_index :oauth_access_tokens, :token, unique: true
        add_index :oauth_access_tokens, :refresh_token, unique: true
      end
    end

    # Past Doorkeeper's validations, which know no redirect URI of a
    # private scheme.
    def register(clients)
      now = Time.now.utc
      rows = clients.values.map do |client|
        { name: client["name"], uid: client["id"],
          secret: client["secret"],
          redirect_uri: client["redirect_uris"].join("\n"),
          confidential: client["confidential"], scopes: "",
          created_at: now, updated_at: now }
      end
      Doorkeeper::Application.insert_all(rows)
    end
  end

  # Procore's token answers have no scope.
  module TokenAnswer
    def body
      super.except("scope")
    end
  end

  # The shape of Procore's token info.
  module TokenInfo
    def as_json(_options = {})
      { resource_owner_id: resource_owner_id,
        scopes: [],
        expires_in_seconds: expires_in_seconds,
        application: { uid: application.try(:uid) },
        created_at: created_at.to_i }
    end
  end
end
